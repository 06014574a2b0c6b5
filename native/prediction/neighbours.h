// Quality and output length of every model on a query, from the history's most similar queries.
//
// For query i and model j, over the neighbours n that have an outcome of j (a log holds one model's per query):
//
//   w[n]   = max(similarity(i, n), 0) ^ power
//   mean   = sum w[n] a[n,j] / sum w[n]            the paper's retrieval half (arXiv 2502.20576)
//   size   = (sum w[n])^2 / sum w[n]^2             effective sample size (Kish, Survey Sampling, 1965)
//   a[i,j] = (size * mean + shrinkage * prior[j]) / (size + shrinkage)
//
// How much of that rests on similar queries is reported with neighbours counted by how near they are,
//
//   near    = (sum w[n]) / (mean weight of the query's ten nearest neighbours, whichever models answered them)
//   support = min(size, near) / (min(size, near) + shrinkage)
//
// so that a model that was graded on far queries only has little, though its estimate is the same.
//
// Counting neighbours by their effective number makes the shrinkage mean the same under every embedder, whatever the
// level of its similarities. With neither similar neighbours nor outcomes the estimate is the prior.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::prediction {

// Matrices are [rows x models], row-major; NaN = no outcome.
struct Outcomes {
  size_t rows = 0, models = 0;
  std::vector<float> quality;
  std::vector<float> outputTokens;
};

struct NeighbourOptions {
  size_t neighbours = 100;  // at most this many count, excluded and missing ones aside
  double power = 2;         // > 0
  double shrinkage = 2;     // >= 0, in neighbours
};

// What a search found for each query: [rows x k], most similar first, a negative id = nothing found.
struct Neighbours {
  size_t rows = 0, k = 0;
  std::span<const int32_t> ids;         // rows of the history
  std::span<const float> similarities;  // cosines
  std::span<const int32_t> exclude;     // empty, or [rows]: the id that does not count for this query
};

// Where the estimates go: [rows x models] each.
struct Estimates {
  float* quality = nullptr;
  float* outputTokens = nullptr;
  float* support = nullptr;  // of the quality, 0..1
};

// Immutable: what is learned makes another estimator, and whoever still estimates with this one is not disturbed. Rows
// lie in blocks that the two share, but for those with a changed row. What an estimator answers depends only on its
// outcomes, not on the order in which they were learned: sums are taken block by block.
class NeighbourEstimator {
 public:
  // Throws InvalidArgument where no model has an outcome to learn from.
  NeighbourEstimator(const Outcomes& outcomes, const NeighbourOptions& options);

  // With rows replaced, or appended where they number on from the last: `changed` has an entry for each of `at`, which
  // ascends. Throws InvalidArgument for a row out of place.
  NeighbourEstimator learned(std::span<const int32_t> at, const Outcomes& changed) const;

  size_t rows() const { return rows_; }
  size_t models() const { return models_; }
  std::span<const double> qualityPrior() const { return qualityPrior_; }
  std::span<const double> tokensPrior() const { return tokensPrior_; }
  // The standard deviation of what is not known of each quality prior (priorErrors in neighbours.cc).
  std::span<const double> qualityError() const { return qualityError_; }
  size_t bytes() const { return 2 * sizeof(float) * rows_ * models_; }

  // In parallel; bit-identical for any number of threads. Throws InvalidArgument for an id beyond the history, and
  // compute::Cancelled.
  void estimate(const Neighbours& neighbours, const Estimates& out, const compute::CancelFlag& cancel) const;

 private:
  struct Block;
  explicit NeighbourEstimator(const NeighbourOptions& options) : options_(options) {}
  void summarise();

  NeighbourOptions options_;
  size_t rows_ = 0, models_ = 0;
  std::vector<std::shared_ptr<const Block>> blocks_;
  std::vector<double> qualityPrior_, tokensPrior_, qualityError_;  // [models]
};

// cost[i,j] in USD = (inputTokens[i] * inputPer1M[j] + outputTokens[i,j] * outputPer1M[j]) / 1e6, in double precision.
void tokenCosts(std::span<const float> outputTokens, std::span<const float> inputTokens,
                std::span<const double> inputPer1M, std::span<const double> outputPer1M, float* cost);

}  // namespace omnirouter::prediction
