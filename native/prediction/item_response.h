// What each model makes of a query's traits: item-response theory with known abilities (Birnbaum 1968; several
// dimensions: Reckase, "Multidimensional Item Response Theory", 2009), the models in the place of the items.
//
//   logit P(a[i,j] = 1) = b[j] + sum over r of u[j,r] t[i,r]       for quality; grades between 0 and 1 count in parts
//         ln(1 + l[i,j]) = b[j] + sum over r of u[j,r] t[i,r] + e   for output tokens
//
// The models' parameters are draws from a normal distribution common to the pool, whose means and variances are
// estimated with them (empirical Bayes, by expectation-maximisation): what a model has in common with the pool is
// learned from all outcomes, what is its own as far as its own outcomes support it. A model without any has the pool's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::prediction {

enum class Link { logistic, identity };

struct ItemResponse {
  size_t models = 0, traits = 0;
  std::vector<double> parameters;  // [models x (1 + traits)]: b, then u
  std::vector<double> deviation;   // [models]: standard deviation of b that its outcomes leave
  std::vector<double> noise;       // [models]: variance of e; of no meaning for the logistic link

  // Value on the link's scale of model j for a query with traits t.
  double at(size_t model, const float* t) const {
    const double* own = parameters.data() + model * (1 + traits);
    double sum = own[0];
    for (size_t r = 0; r < traits; ++r) sum += own[1 + r] * static_cast<double>(t[r]);
    return sum;
  }

  // One online step for one more outcome: moves b by Newton's step on its posterior, whose variance shrinks accordingly
  // (the scalar Kalman filter of a logistic response: Fahrmeir, JASA 87, 1992).
  void learn(Link link, size_t model, const float* t, double outcome);

  // Other models: model j is from[j] of these, or where that is -1 a draw from the pool's distribution: at its mean, with
  // its deviation.
  ItemResponse withModels(std::span<const int32_t> from) const;

  template <class Archive>
  void archive(Archive& file) {
    file.size(models);
    file.size(traits);
    file.array(parameters, models * (1 + traits));
    file.array(deviation, models);
    file.array(noise, models);
  }
};

// `traits` is [rows x traits], about of unit scale; `outcomes` [rows x models], NaN = missing; quality in [0, 1].
ItemResponse fitItemResponse(Link link, std::span<const float> traits, std::span<const float> outcomes, size_t models,
                             const compute::CancelFlag& cancel);

// 1 / (1 + exp(-x)), the same on every platform.
double logistic(double x);
double logit(double p);

}  // namespace omnirouter::prediction
