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

// Neighbours that say how near a query's neighbours are: one alone may be a copy by chance.
constexpr size_t kNearest = 10;
// Weights whose square is no longer a normal number would leave a mean without an effective sample size.
constexpr double kLeastWeight = 1e-150;

constexpr size_t kRowsPerChunk = 32;

// A change copies the blocks it touches, and a sum over the history adds up blocks: 512 rows balance the two.
constexpr size_t kRowsPerBlock = 512;

// Sums over outcomes, per model.
struct Totals {
  std::vector<double> sum, squares, count;
  explicit Totals(size_t models) : sum(models), squares(models), count(models) {}
  void add(std::span<const float> values) {
    const size_t models = sum.size();
    for (size_t at = 0; at < values.size(); at += models) {
      for (size_t model = 0; model < models; ++model) {
        const double value = values[at + model];
        if (std::isnan(value)) continue;
        sum[model] += value;
        squares[model] += value * value;
        count[model] += 1;
      }
    }
  }
  void add(const Totals& part) {
    for (size_t model = 0; model < sum.size(); ++model) {
      sum[model] += part.sum[model];
      squares[model] += part.squares[model];
      count[model] += part.count[model];
    }
  }
};

// Each model's mean, shrunk to the mean of the models' means; a model without outcomes has the latter.
std::vector<double> priors(const Totals& totals, const char* argument) {
  const size_t models = totals.sum.size();
  double pool = 0, observed = 0;
  for (size_t model = 0; model < models; ++model) {
    if (totals.count[model] == 0) continue;
    pool += totals.sum[model] / totals.count[model];
    observed += 1;
  }
  if (observed == 0)
    throw InvalidArgument(argument, std::string(argument) + " holds no outcome of any model of the pool to learn from");
  pool /= observed;
  std::vector<double> means(models);
  for (size_t model = 0; model < models; ++model)
    means[model] = (totals.sum[model] + kPoolWeight * pool) / (totals.count[model] + kPoolWeight);
  return means;
}

// With outcomes of variance s2 about their model's mean, and means of variance s2 / kPoolWeight about the pool's, what
// remains unknown of a mean after n outcomes has variance s2 / (n + kPoolWeight) (Morris 1983, with both known). s2 is
// pooled over the models; where no model has two outcomes it is that of a yes or no, at most a quarter.
std::vector<double> priorErrors(const Totals& totals) {
  const size_t models = totals.sum.size();
  double within = 0, freedom = 0;
  for (size_t model = 0; model < models; ++model) {
    const double n = totals.count[model];
    if (n < 2) continue;
    within += std::max(0.0, totals.squares[model] - totals.sum[model] * totals.sum[model] / n);
    freedom += n - 1;
  }
  const double variance = freedom > 0 ? within / freedom : 0.25;
  std::vector<double> errors(models);
  for (size_t model = 0; model < models; ++model)
    errors[model] = std::sqrt(variance / (totals.count[model] + kPoolWeight));
  return errors;
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
  // The same with neighbours counted by their weights relative to the nearest ones', whatever model these have.
  double nearSupport(size_t model, double shrinkage, double nearest) const {
    if (!(square[model] > 0)) return 0;
    const double size = std::min(weight[model] * weight[model] / square[model], weight[model] / nearest);
    return size / (size + shrinkage);
  }
  double shrunk(size_t model, double shrinkage, double prior) const {
    const double share = support(model, shrinkage);
    return share > 0 ? share * (value[model] / weight[model]) + (1 - share) * prior : prior;
  }
};

}  // namespace

struct NeighbourEstimator::Block {
  std::vector<float> quality, outputTokens;  // [rows of the block x models]
  Totals qualityTotals, tokensTotals;

  Block(std::vector<float> q, std::vector<float> t, size_t models)
      : quality(std::move(q)), outputTokens(std::move(t)), qualityTotals(models), tokensTotals(models) {
    qualityTotals.add(quality);
    tokensTotals.add(outputTokens);
  }
};

namespace {

void checkShape(const Outcomes& outcomes) {
  const size_t size = outcomes.rows * outcomes.models;
  if (outcomes.quality.size() != size) throw InvalidArgument("quality", "quality must be [rows x models]");
  if (outcomes.outputTokens.size() != size)
    throw InvalidArgument("outputTokens", "outputTokens must be [rows x models]");
}

// Puts row `from` of `source` at row `to`, which may be the next one.
void putRow(std::vector<float>& rows, size_t to, const std::vector<float>& source, size_t from, size_t models) {
  if (rows.size() < (to + 1) * models) rows.resize((to + 1) * models);
  std::copy_n(source.begin() + static_cast<ptrdiff_t>(from * models), models,
              rows.begin() + static_cast<ptrdiff_t>(to * models));
}

}  // namespace

NeighbourEstimator::NeighbourEstimator(const Outcomes& outcomes, const NeighbourOptions& options)
    : options_(options), rows_(outcomes.rows), models_(outcomes.models) {
  checkShape(outcomes);
  for (size_t row = 0; row < rows_; row += kRowsPerBlock) {
    const auto slice = [&](const std::vector<float>& values) {
      return std::vector<float>(
          values.begin() + static_cast<ptrdiff_t>(row * models_),
          values.begin() + static_cast<ptrdiff_t>(std::min(rows_, row + kRowsPerBlock) * models_));
    };
    blocks_.push_back(std::make_shared<const Block>(slice(outcomes.quality), slice(outcomes.outputTokens), models_));
  }
  summarise();
}

NeighbourEstimator NeighbourEstimator::learned(std::span<const int32_t> at, const Outcomes& changed) const {
  checkShape(changed);
  if (changed.models != models_ || changed.rows != at.size())
    throw InvalidArgument("rows", "rows must be as many as there are rows of outcomes, of as many models");
  NeighbourEstimator next(options_);
  next.models_ = models_;
  next.rows_ = rows_;
  next.blocks_ = blocks_;
  for (size_t i = 0; i < at.size();) {
    const size_t block = static_cast<size_t>(std::max(at[i], 0)) / kRowsPerBlock;
    std::vector<float> quality, tokens;
    if (block < blocks_.size()) {
      quality = blocks_[block]->quality;
      tokens = blocks_[block]->outputTokens;
    }
    for (; i < at.size() && static_cast<size_t>(std::max(at[i], 0)) / kRowsPerBlock == block; ++i) {
      const auto row = static_cast<size_t>(at[i]);
      if (at[i] < 0 || row > next.rows_ || (i > 0 && at[i] <= at[i - 1]))
        throw InvalidArgument("rows[" + std::to_string(i) + "]", "rows must ascend and number on from the last, got " +
                                                                     std::to_string(at[i]) + " for " +
                                                                     std::to_string(next.rows_) + " rows");
      putRow(quality, row % kRowsPerBlock, changed.quality, i, models_);
      putRow(tokens, row % kRowsPerBlock, changed.outputTokens, i, models_);
      next.rows_ = std::max(next.rows_, row + 1);
    }
    if (block == next.blocks_.size()) next.blocks_.emplace_back();
    next.blocks_[block] = std::make_shared<const Block>(std::move(quality), std::move(tokens), models_);
  }
  next.summarise();
  return next;
}

void NeighbourEstimator::summarise() {
  Totals quality(models_), tokens(models_);
  for (const auto& block : blocks_) {
    quality.add(block->qualityTotals);
    tokens.add(block->tokensTotals);
  }
  qualityPrior_ = priors(quality, "quality");
  tokensPrior_ = priors(tokens, "outputTokens");
  qualityError_ = priorErrors(quality);
}

void NeighbourEstimator::estimate(const Neighbours& neighbours, const Estimates& out,
                                  const compute::CancelFlag& cancel) const {
  const size_t models = models_;
  Pool::shared().forEachChunk((neighbours.rows + kRowsPerChunk - 1) / kRowsPerChunk, [&](size_t chunk) {
    cancel.throwIfRaised();
    Sums quality(models), tokens(models);
    const size_t end = std::min(neighbours.rows, (chunk + 1) * kRowsPerChunk);
    for (size_t row = chunk * kRowsPerChunk; row < end; ++row) {
      quality.clear();
      tokens.clear();
      size_t counted = 0, near = 0;
      double nearest = 0;
      for (size_t n = 0; n < neighbours.k && counted < options_.neighbours; ++n) {
        const int32_t id = neighbours.ids[row * neighbours.k + n];
        if (id < 0 || (!neighbours.exclude.empty() && id == neighbours.exclude[row])) continue;
        if (static_cast<size_t>(id) >= rows_)
          throw InvalidArgument("ids", "the index returned id " + std::to_string(id) + ", but the history has " +
                                           std::to_string(rows_) + " rows");
        ++counted;
        const float similarity = neighbours.similarities[row * neighbours.k + n];
        if (!(similarity > 0)) continue;  // NaN too
        const double weight = std::pow(std::min(static_cast<double>(similarity), 1.0), options_.power);
        if (weight < kLeastWeight) continue;
        if (near < kNearest) {
          nearest += weight;
          ++near;
        }
        const Block& block = *blocks_[static_cast<size_t>(id) / kRowsPerBlock];
        const size_t outcomes = static_cast<size_t>(id) % kRowsPerBlock * models;
        quality.add(block.quality.data() + outcomes, weight);
        tokens.add(block.outputTokens.data() + outcomes, weight);
      }
      for (size_t model = 0; model < models; ++model) {
        const size_t at = row * models + model;
        out.quality[at] = static_cast<float>(quality.shrunk(model, options_.shrinkage, qualityPrior_[model]));
        out.outputTokens[at] = static_cast<float>(tokens.shrunk(model, options_.shrinkage, tokensPrior_[model]));
        out.support[at] = static_cast<float>(
            quality.nearSupport(model, options_.shrinkage, nearest / static_cast<double>(std::max<size_t>(near, 1))));
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
