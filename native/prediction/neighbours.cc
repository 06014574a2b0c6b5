#include "prediction/neighbours.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "compute/pool.h"
#include "errors.h"

namespace omnirouter::prediction {

namespace {

using compute::Pool;

// Outcomes the pool's mean is worth beside a model's own: the variance of single outcomes over the variance of the
// models' means (Morris, "Parametric empirical Bayes inference", JASA 78, 1983), 10 to 15 in benchmarks of graded
// answers. It decides for models with a handful of outcomes only.
constexpr double kPoolWeight = 10;

// Weights whose square is no longer a normal number would leave a mean without an effective sample size.
constexpr double kLeastWeight = 1e-150;

constexpr size_t kRowsPerChunk = 32;

// Each model's mean, shrunk to the mean of the models' means; a model without outcomes has the latter.
std::vector<double> priors(const std::vector<float>& values, size_t rows, size_t models, const char* argument) {
  std::vector<double> sum(models, 0.0), count(models, 0.0);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t model = 0; model < models; ++model) {
      const float value = values[row * models + model];
      if (std::isnan(value)) continue;
      sum[model] += value;
      count[model] += 1;
    }
  }
  double pool = 0, observed = 0;
  for (size_t model = 0; model < models; ++model) {
    if (count[model] == 0) continue;
    pool += sum[model] / count[model];
    observed += 1;
  }
  if (observed == 0)
    throw InvalidArgument(argument, std::string(argument) + " holds no outcome of any model of the pool to learn from");
  pool /= observed;
  for (size_t model = 0; model < models; ++model)
    sum[model] = (sum[model] + kPoolWeight * pool) / (count[model] + kPoolWeight);
  return sum;
}

// Weighted sums over one query's neighbours, per model.
struct Sums {
  std::vector<double> value, weight, square;
  explicit Sums(size_t models) : value(models), weight(models), square(models) {}
  void clear() {
    for (auto* sums : {&value, &weight, &square}) std::fill(sums->begin(), sums->end(), 0.0);
  }
  void add(const float* outcomes, double w) {
    for (size_t model = 0; model < value.size(); ++model) {
      const float outcome = outcomes[model];
      const bool present = outcome == outcome;
      value[model] += present ? w * outcome : 0.0;
      weight[model] += present ? w : 0.0;
      square[model] += present ? w * w : 0.0;
    }
  }
  // The share of the neighbours' mean in the estimate; the rest is the prior's.
  double support(size_t model, double shrinkage) const {
    if (!(square[model] > 0)) return 0;
    const double size = weight[model] * weight[model] / square[model];
    return size / (size + shrinkage);
  }
  double shrunk(size_t model, double shrinkage, double prior) const {
    const double share = support(model, shrinkage);
    return share > 0 ? share * (value[model] / weight[model]) + (1 - share) * prior : prior;
  }
};

}  // namespace

NeighbourEstimator::NeighbourEstimator(Outcomes outcomes, const NeighbourOptions& options)
    : outcomes_(std::move(outcomes)), options_(options) {
  const size_t size = outcomes_.rows * outcomes_.models;
  if (outcomes_.quality.size() != size) throw InvalidArgument("quality", "quality must be [rows x models]");
  if (outcomes_.outputTokens.size() != size)
    throw InvalidArgument("outputTokens", "outputTokens must be [rows x models]");
  qualityPrior_ = priors(outcomes_.quality, outcomes_.rows, outcomes_.models, "quality");
  tokensPrior_ = priors(outcomes_.outputTokens, outcomes_.rows, outcomes_.models, "outputTokens");
}

void NeighbourEstimator::estimate(const Neighbours& neighbours, const Estimates& out,
                                  const compute::CancelFlag& cancel) const {
  const size_t models = outcomes_.models;
  Pool::shared().forEachChunk((neighbours.rows + kRowsPerChunk - 1) / kRowsPerChunk, [&](size_t chunk) {
    cancel.throwIfRaised();
    Sums quality(models), tokens(models);
    const size_t end = std::min(neighbours.rows, (chunk + 1) * kRowsPerChunk);
    for (size_t row = chunk * kRowsPerChunk; row < end; ++row) {
      quality.clear();
      tokens.clear();
      size_t counted = 0;
      for (size_t n = 0; n < neighbours.k && counted < options_.neighbours; ++n) {
        const int32_t id = neighbours.ids[row * neighbours.k + n];
        if (id < 0 || (!neighbours.exclude.empty() && id == neighbours.exclude[row])) continue;
        if (static_cast<size_t>(id) >= outcomes_.rows)
          throw InvalidArgument("ids", "the index returned id " + std::to_string(id) + ", but the history has " +
                                           std::to_string(outcomes_.rows) + " rows");
        ++counted;
        const float similarity = neighbours.similarities[row * neighbours.k + n];
        if (!(similarity > 0)) continue;  // NaN too
        const double weight = std::pow(std::min(static_cast<double>(similarity), 1.0), options_.power);
        if (weight < kLeastWeight) continue;
        quality.add(outcomes_.quality.data() + id * models, weight);
        tokens.add(outcomes_.outputTokens.data() + id * models, weight);
      }
      for (size_t model = 0; model < models; ++model) {
        const size_t at = row * models + model;
        out.quality[at] = static_cast<float>(quality.shrunk(model, options_.shrinkage, qualityPrior_[model]));
        out.outputTokens[at] = static_cast<float>(tokens.shrunk(model, options_.shrinkage, tokensPrior_[model]));
        out.support[at] = static_cast<float>(quality.support(model, options_.shrinkage));
      }
    }
  });
}

void tokenCosts(std::span<const float> outputTokens, std::span<const float> inputTokens,
                std::span<const double> inputPer1M, std::span<const double> outputPer1M, float* cost) {
  const size_t models = inputPer1M.size();
  for (size_t row = 0; row < inputTokens.size(); ++row)
    for (size_t model = 0; model < models; ++model)
      cost[row * models + model] =
          static_cast<float>((static_cast<double>(inputTokens[row]) * inputPer1M[model] +
                              static_cast<double>(outputTokens[row * models + model]) * outputPer1M[model]) /
                             1e6);
}

}  // namespace omnirouter::prediction
