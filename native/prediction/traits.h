// The few directions in which models agree about queries.
//
// The matrix of outcomes is nearly of low rank: a query is hard for all models at once, or for those that cannot
// program. The covariance among models of what can be predicted, estimated without the noise of single outcomes by
// pairing a prediction that has not seen an outcome with the outcome itself,
//
//   C[j,k] = mean over rows i with an outcome of k of (e[i,j] - mean e[.,j]) (a[i,k] - mean a[.,k]),  made symmetric,
//
// has these directions as its leading eigenvectors (as "curds and whey" has them from canonical correlations: Breiman and
// Friedman, JRSS B 59, 1997). Outcomes need not be complete: e is dense, and any outcome counts for its own model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::prediction {

struct TraitDirections {
  size_t models = 0, traits = 0;
  std::vector<double> centre;      // [models]: the mean estimate
  std::vector<double> directions;  // [traits x models], orthonormal rows

  // out[r] = directions[r] . (estimates - centre)
  void project(const float* estimates, float* out) const;

  // The same traits as seen by other models: model j is from[j] of these, or where that is -1 one that says nothing of
  // them. Where models are left out, the others stand for them: the least-squares fit along the direction.
  TraitDirections withModels(std::span<const int32_t> from) const;

  template <class Archive>
  void archive(Archive& file) {
    file.size(models);
    file.size(traits);
    file.array(centre, models);
    file.array(directions, traits * models);
  }
};

// `estimates` [rows x models] must not have seen the outcomes of their own row; `outcomes` [rows x models], NaN = missing.
// At most `most` directions, the strongest first, none where nothing can be predicted.
TraitDirections findTraits(std::span<const float> estimates, std::span<const float> outcomes, size_t models,
                           size_t most);

// What a row's outcomes say of its traits, and how much: [rows x traits] each.
//
//   score[i,r]  = t[i,r] + sum over j with an outcome of v[j,r] (a[i,j] - e[i,j]) / weight[i,r]
//   weight[i,r] = sum over j with an outcome of v[j,r]^2
//
// with t the projected estimates: the least-squares fit of the residuals along the direction. Of a complete row it is the
// projection of its outcomes, with weight 1; of a row without outcomes the weight is 0.
struct TraitScores {
  std::vector<float> score, weight;
};
TraitScores scoreTraits(const TraitDirections& traits, std::span<const float> estimates,
                        std::span<const float> outcomes);

}  // namespace omnirouter::prediction
