#include "prediction/hybrid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "compute/chunks.h"
#include "compute/pool.h"
#include "compute/random.h"
#include "errors.h"
#include "prediction/ridge.h"

namespace omnirouter::prediction {

namespace {

using compute::CancelFlag;

// More are noise in all sets tried; what is noise among these, the stack and the response shrink away.
constexpr size_t kMostQualityTraits = 8, kMostTokenTraits = 4;
// The forest grows on both kinds at once; together the lengths have this share of the variance it reduces.
constexpr double kTokenShare = 0.25;
// The forest draws its features at random, so that those of little variance would hide the others.
constexpr size_t kForestAxes = 64;
// Outcomes the pool's mean is worth beside a model's own, in its ratios of output tokens (cf. neighbours.cc).
constexpr double kPoolWeight = 10;
constexpr size_t kRowsPerChunk = 64;
constexpr size_t kFolds = 5;

void forestFeatures(const QueryFeatures& features, const float* of, float* out) {
  out = std::copy(of, of + std::min(features.axes(), kForestAxes), out);
  std::copy(of + features.axes(), of + features.size(), out);
}

std::vector<float> logTokens(std::span<const float> tokens) {
  std::vector<float> logs(tokens.size());
  for (size_t i = 0; i < logs.size(); ++i) logs[i] = static_cast<float>(std::log1p(static_cast<double>(tokens[i])));
  return logs;
}

double variance(const TraitScores& scores) {
  double sum = 0;
  for (size_t i = 0; i < scores.score.size(); ++i)
    if (scores.weight[i] > 0) sum += static_cast<double>(scores.score[i]) * scores.score[i] * scores.weight[i];
  return sum;
}

// What is known of one kind of outcome while it is fitted. Matrices are [rows x traits].
struct Kind {
  TraitPredictor predictor;
  TraitScores scores;
  std::vector<float> neighbours;  // projected estimates
  std::vector<float> ridge;       // out of fold
  std::vector<float> stacked;     // out of fold, of unit scale
};

Kind beginKind(std::span<const float> estimates, std::span<const float> outcomes, size_t models, size_t most) {
  Kind kind;
  kind.predictor.traits = findTraits(estimates, outcomes, models, most);
  kind.scores = scoreTraits(kind.predictor.traits, estimates, outcomes);
  const size_t size = kind.predictor.traits.traits, rows = estimates.size() / models;
  kind.neighbours.resize(rows * size);
  for (size_t row = 0; row < rows; ++row)
    kind.predictor.traits.project(estimates.data() + row * models, kind.neighbours.data() + row * size);
  kind.ridge.resize(rows * size);
  return kind;
}

std::vector<float> column(const std::vector<float>& matrix, size_t columns, size_t c) {
  std::vector<float> values(columns == 0 ? 0 : matrix.size() / columns);
  for (size_t row = 0; row < values.size(); ++row) values[row] = matrix[row * columns + c];
  return values;
}

// Ridge regressions of all traits. Of complete histories all weights are alike, and the features are decomposed once.
void fitRidges(Kind& kind, const RowMatrix& features, const CancelFlag& cancel) {
  const size_t size = kind.predictor.traits.traits;
  std::vector<float> before;
  std::unique_ptr<const Ridge> ridge;
  for (size_t r = 0; r < size; ++r) {
    std::vector<float> weight = column(kind.scores.weight, size, r);
    // Equal up to rounding, of complete rows.
    for (float& w : weight) w = std::abs(w - 1) < 1e-5f ? 1 : w;
    if (!ridge || weight != before) ridge = std::make_unique<const Ridge>(features, weight, cancel);
    const Ridge::Fit fit = ridge->fit(column(kind.scores.score, size, r), cancel);
    kind.predictor.slopes.insert(kind.predictor.slopes.end(), fit.slopes.begin(), fit.slopes.end());
    kind.predictor.intercepts.push_back(fit.intercept);
    for (size_t row = 0; row < weight.size(); ++row) kind.ridge[row * size + r] = fit.leftOut[row];
    before = std::move(weight);
  }
}

// Weights of the halves and the stacked traits. `forest` [rows x columns] has this kind's targets from `offset` on.
void fitStack(Kind& kind, const std::vector<float>& forest, size_t columns, size_t offset) {
  TraitPredictor& predictor = kind.predictor;
  const size_t size = predictor.traits.traits;
  const size_t rows = columns == 0 ? 0 : forest.size() / columns;
  kind.stacked.assign(rows * size, 0.0f);
  std::vector<float> halves(rows * kHalves);
  for (size_t r = 0; r < size; ++r) {
    for (size_t row = 0; row < rows; ++row) {
      float* own = halves.data() + row * kHalves;
      own[0] = kind.neighbours[row * size + r];
      own[1] = kind.ridge[row * size + r];
      own[2] = static_cast<float>(forest[row * columns + offset + r] / predictor.forestScale);
    }
    std::array<double, kHalves> weights =
        stackWeights(halves, column(kind.scores.score, size, r), column(kind.scores.weight, size, r));
    double squares = 0;
    std::vector<double> joined(rows);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t h = 0; h < kHalves; ++h) joined[row] += weights[h] * halves[row * kHalves + h];
      squares += joined[row] * joined[row];
    }
    const double scale = squares > 0 ? std::sqrt(static_cast<double>(rows) / squares) : 0;
    for (size_t h = 0; h < kHalves; ++h) predictor.weights.push_back(weights[h] * scale);
    for (size_t row = 0; row < rows; ++row) kind.stacked[row * size + r] = static_cast<float>(joined[row] * scale);
  }
}

// Per model sum of a over sum of b, shrunk to the pool's; 1 where nothing is known.
std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b,
                           const std::vector<double>& count) {
  double pool = 0, known = 0;
  for (size_t j = 0; j < a.size(); ++j) {
    if (!(count[j] > 0 && b[j] > 0)) continue;
    pool += a[j] / b[j];
    known += 1;
  }
  pool = known > 0 ? pool / known : 1;
  std::vector<double> result;
  for (size_t j = 0; j < a.size(); ++j)
    result.push_back(
        count[j] > 0 && b[j] > 0 ? (count[j] * (a[j] / b[j]) + kPoolWeight * pool) / (count[j] + kPoolWeight) : pool);
  return result;
}

// Of the mean output tokens: what turns medians into means, the neighbours' share, and the spread that is left.
HybridPredictor::Lengths fitTokens(HybridPredictor::Trained& trained, const Kind& kind,
                                   std::span<const float> neighbourTokens, std::span<const float> tokens,
                                   size_t models) {
  const size_t rows = tokens.size() / models, size = kind.predictor.traits.traits;
  std::vector<double> sum(models), medians(models), count(models);
  std::vector<float> median(tokens.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t j = 0; j < models; ++j) {
      const size_t at = row * models + j;
      median[at] = static_cast<float>(
          std::expm1(std::max(0.0, kind.predictor.response.at(j, kind.stacked.data() + row * size))));
      if (std::isnan(tokens[at])) continue;
      sum[j] += tokens[at];
      medians[j] += median[at];
      count[j] += 1;
    }
  }
  HybridPredictor::Lengths lengths;
  lengths.smear = ratios(sum, medians, count);
  constexpr int kShares = 11;
  double least = std::numeric_limits<double>::infinity();
  for (int s = 0; s < kShares; ++s) {
    const double share = s / static_cast<double>(kShares - 1);
    std::vector<double> misses(models), squares(models);
    double error = 0;
    for (size_t row = 0; row < rows; ++row) {
      for (size_t j = 0; j < models; ++j) {
        const size_t at = row * models + j;
        if (std::isnan(tokens[at])) continue;
        const double expected = share * neighbourTokens[at] + (1 - share) * lengths.smear[j] * median[at];
        const double miss = tokens[at] - expected;
        misses[j] += miss * miss;
        squares[j] += expected * expected;
      }
    }
    // Relative to a model's mean, so that a verbose one does not decide alone.
    for (size_t j = 0; j < models; ++j)
      if (sum[j] > 0) error += misses[j] * count[j] * count[j] / (sum[j] * sum[j]);
    if (!(error < least)) continue;
    least = error;
    trained.neighbourShare = share;
    lengths.deviation = ratios(misses, squares, count);
  }
  for (double& deviation : lengths.deviation) deviation = std::sqrt(deviation);
  return lengths;
}

void refuseUnlessFinite(std::span<const float> values, const char* argument) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw InvalidArgument(argument, std::string(argument) + "[" + std::to_string(i) + "] must be a finite number");
}

void check(const HybridBatch& batch, size_t dimension, size_t models) {
  const size_t rows = batch.texts.size();
  if (batch.embeddings.size() != rows * dimension)
    throw InvalidArgument("batch.embeddings", "batch.embeddings must be [rows x dimension]");
  refuseUnlessFinite(batch.embeddings, "batch.embeddings");
  if (batch.neighbourQuality.size() != rows * models || batch.neighbourTokens.size() != rows * models)
    throw InvalidArgument("neighbours", "the neighbours' estimates must be [rows x models]");
  refuseUnlessFinite(batch.neighbourQuality, "neighbours.quality");
  refuseUnlessFinite(batch.neighbourTokens, "neighbours.outputTokens");
}

void checkOutcomes(std::span<const float> outcomes, size_t size, float most, const char* argument) {
  if (outcomes.size() != size) throw InvalidArgument(argument, std::string(argument) + " must be [rows x models]");
  for (size_t i = 0; i < size; ++i)
    if (!std::isnan(outcomes[i]) && !(outcomes[i] >= 0 && outcomes[i] <= most))
      throw InvalidArgument(argument, std::string(argument) + "[" + std::to_string(i) + "] is out of range");
}

}  // namespace

size_t forestColumns(const QueryFeatures& features) {
  return std::min(features.axes(), kForestAxes) + kSurfaceFeatures;
}

HybridPredictor HybridPredictor::fit(const HybridBatch& batch, size_t dimension, std::span<const float> quality,
                                     std::span<const float> tokens, size_t models, uint64_t seed,
                                     const HybridEstimates& outOfFold, const CancelFlag& cancel) {
  const size_t rows = batch.texts.size();
  check(batch, dimension, models);
  checkOutcomes(quality, rows * models, 1, "quality");
  checkOutcomes(tokens, rows * models, std::numeric_limits<float>::max(), "outputTokens");

  auto trained = std::make_shared<Trained>();
  trained->features = QueryFeatures::fit(batch.embeddings, dimension, batch.texts, cancel);
  const QueryFeatures& features = trained->features;
  RowMatrix all(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(features.size()));
  features.map(batch.embeddings, batch.texts, all.data(), cancel);
  const std::vector<float> neighbourLogs = logTokens(batch.neighbourTokens), logs = logTokens(tokens);
  Kind ofQuality = beginKind(batch.neighbourQuality, quality, models, kMostQualityTraits);
  Kind ofTokens = beginKind(neighbourLogs, logs, models, kMostTokenTraits);
  fitRidges(ofQuality, all, cancel);
  fitRidges(ofTokens, all, cancel);

  // The forest of both kinds.
  const size_t qualityTraits = ofQuality.predictor.traits.traits, tokenTraits = ofTokens.predictor.traits.traits;
  const size_t targets = qualityTraits + tokenTraits;
  const double spread = variance(ofTokens.scores);
  if (spread > 0 && qualityTraits > 0)
    ofTokens.predictor.forestScale = std::sqrt(kTokenShare * variance(ofQuality.scores) / spread);
  if (!(ofTokens.predictor.forestScale > 0)) ofTokens.predictor.forestScale = 1;
  std::vector<float> leftOut(rows * targets);
  if (targets > 0) {
    std::vector<float> values(rows * targets), weights(rows * targets);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t t = 0; t < targets; ++t) {
        const bool first = t < qualityTraits;
        const Kind& kind = first ? ofQuality : ofTokens;
        const size_t at = row * (first ? qualityTraits : tokenTraits) + (first ? t : t - qualityTraits);
        values[row * targets + t] = static_cast<float>(kind.scores.score[at] * kind.predictor.forestScale);
        weights[row * targets + t] = kind.scores.weight[at];
      }
    }
    const size_t columns = forestColumns(features);
    std::vector<float> narrow(rows * columns);
    for (size_t row = 0; row < rows; ++row)
      forestFeatures(features, all.data() + row * features.size(), narrow.data() + row * columns);
    Forest::Options options;
    options.seed = seed;
    trained->forest = Forest::fit(narrow, columns, {rows, targets, values, weights}, options, cancel);
    const compute::Chunks chunks(rows, kRowsPerChunk);
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      cancel.throwIfRaised();
      for (size_t row = chunks[chunk].begin; row < chunks[chunk].end; ++row)
        trained->forest.predictLeftOut(narrow.data() + row * columns, row, leftOut.data() + row * targets);
    });
  }
  fitStack(ofQuality, leftOut, targets, 0);
  fitStack(ofTokens, leftOut, targets, qualityTraits);
  ofQuality.stacked.resize(rows * qualityTraits);
  ofTokens.stacked.resize(rows * tokenTraits);
  ofQuality.predictor.response = fitItemResponse(Link::logistic, ofQuality.stacked, quality, models, cancel);
  ofTokens.predictor.response = fitItemResponse(Link::identity, ofTokens.stacked, logs, models, cancel);

  HybridPredictor predictor;
  predictor.lengths_ = fitTokens(*trained, ofTokens, batch.neighbourTokens, tokens, models);
  predictor.trained_ = std::move(trained);
  predictor.quality_ = std::move(ofQuality.predictor);
  predictor.tokens_ = std::move(ofTokens.predictor);
  // A model's level and loadings know its outcomes, too many parameters for their optimism to pass: by folds.
  for (size_t fold = 0; fold < std::min(kFolds, rows); ++fold) {
    const auto isOut = [&](size_t row) { return compute::hash(seed, row) % kFolds == fold; };
    const auto without = [&](std::span<const float> outcomes) {
      std::vector<float> kept(outcomes.begin(), outcomes.end());
      for (size_t at = 0; at < kept.size(); ++at)
        if (isOut(at / models)) kept[at] = std::numeric_limits<float>::quiet_NaN();
      return kept;
    };
    const ItemResponse ofQualityThen =
        fitItemResponse(Link::logistic, ofQuality.stacked, without(quality), models, cancel);
    const ItemResponse ofTokensThen = fitItemResponse(Link::identity, ofTokens.stacked, without(logs), models, cancel);
    for (size_t row = 0; row < rows; ++row)
      if (isOut(row))
        predictor.respond(ofQualityThen, ofTokensThen, ofQuality.stacked.data() + row * qualityTraits,
                          ofTokens.stacked.data() + row * tokenTraits, batch.neighbourTokens.data() + row * models,
                          row * models, outOfFold);
  }
  return predictor;
}

void HybridPredictor::traitsOf(const TraitPredictor& kind, const float* features, const float* neighbours,
                               const float* forest, float* out) const {
  const size_t size = kind.traits.traits, columns = trained_->features.size();
  kind.traits.project(neighbours, out);
  for (size_t r = 0; r < size; ++r) {
    double ridge = kind.intercepts[r];
    const float* slopes = kind.slopes.data() + r * columns;
    for (size_t c = 0; c < columns; ++c) ridge += static_cast<double>(slopes[c]) * features[c];
    const double* weights = kind.weights.data() + r * kHalves;
    out[r] = static_cast<float>(weights[0] * out[r] + weights[1] * ridge + weights[2] * forest[r] / kind.forestScale);
  }
}

void HybridPredictor::respond(const ItemResponse& ofQuality, const ItemResponse& ofTokens, const float* qualityTraits,
                              const float* tokenTraits, const float* neighbourTokens, size_t at,
                              const HybridEstimates& out) const {
  for (size_t j = 0; j < models(); ++j) {
    const double quality = logistic(ofQuality.at(j, qualityTraits));
    const double median = std::expm1(std::clamp(ofTokens.at(j, tokenTraits), 0.0, 20.0));
    const double expected =
        trained_->neighbourShare * neighbourTokens[j] + (1 - trained_->neighbourShare) * lengths_.smear[j] * median;
    out.quality[at + j] = static_cast<float>(quality);
    out.qualityDeviation[at + j] = static_cast<float>(quality * (1 - quality) * ofQuality.deviation[j]);
    out.outputTokens[at + j] = static_cast<float>(expected);
    out.medianTokens[at + j] = static_cast<float>(median);
    out.tokensDeviation[at + j] = static_cast<float>(lengths_.deviation[j] * expected);
  }
}

std::vector<float> HybridPredictor::featuresOf(const HybridBatch& batch, const CancelFlag& cancel) const {
  check(batch, dimension(), models());
  std::vector<float> features(batch.texts.size() * trained_->features.size());
  trained_->features.map(batch.embeddings, batch.texts, features.data(), cancel);
  return features;
}

void HybridPredictor::predict(const HybridBatch& batch, const HybridEstimates& out, const CancelFlag& cancel) const {
  const std::vector<float> features = featuresOf(batch, cancel);
  const size_t columns = trained_->features.size();
  const std::vector<float> neighbourLogs = logTokens(batch.neighbourTokens);
  const compute::Chunks chunks(batch.texts.size(), kRowsPerChunk);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    std::vector<float> narrow(forestColumns(trained_->features)), forest(trained_->forest.targets());
    std::vector<float> qualityTraits(quality_.traits.traits), tokenTraits(tokens_.traits.traits);
    for (size_t row = chunks[chunk].begin; row < chunks[chunk].end; ++row) {
      const float* own = features.data() + row * columns;
      const size_t at = row * models();
      if (!forest.empty()) {
        forestFeatures(trained_->features, own, narrow.data());
        trained_->forest.predict(narrow.data(), forest.data());
      }
      traitsOf(quality_, own, batch.neighbourQuality.data() + at, forest.data(), qualityTraits.data());
      traitsOf(tokens_, own, neighbourLogs.data() + at, forest.data() + qualityTraits.size(), tokenTraits.data());
      respond(quality_.response, tokens_.response, qualityTraits.data(), tokenTraits.data(),
              batch.neighbourTokens.data() + at, at, out);
    }
  });
}

HybridPredictor HybridPredictor::learned(const HybridBatch& batch, std::span<const float> quality,
                                         std::span<const float> tokens, const CancelFlag& cancel) const {
  const std::vector<float> features = featuresOf(batch, cancel);
  checkOutcomes(quality, batch.texts.size() * models(), 1, "quality");
  checkOutcomes(tokens, batch.texts.size() * models(), std::numeric_limits<float>::max(), "outputTokens");
  const std::vector<float> neighbourLogs = logTokens(batch.neighbourTokens), logs = logTokens(tokens);
  HybridPredictor next = *this;
  std::vector<float> narrow(forestColumns(trained_->features)), forest(trained_->forest.targets());
  std::vector<float> qualityTraits(quality_.traits.traits), tokenTraits(tokens_.traits.traits);
  for (size_t row = 0; row < batch.texts.size(); ++row) {
    cancel.throwIfRaised();
    const float* own = features.data() + row * trained_->features.size();
    if (!forest.empty()) {
      forestFeatures(trained_->features, own, narrow.data());
      trained_->forest.predict(narrow.data(), forest.data());
    }
    const size_t at = row * models();
    traitsOf(quality_, own, batch.neighbourQuality.data() + at, forest.data(), qualityTraits.data());
    traitsOf(tokens_, own, neighbourLogs.data() + at, forest.data() + qualityTraits.size(), tokenTraits.data());
    for (size_t j = 0; j < models(); ++j) {
      if (!std::isnan(quality[at + j]))
        next.quality_.response.learn(Link::logistic, j, qualityTraits.data(), quality[at + j]);
      if (!std::isnan(logs[at + j])) next.tokens_.response.learn(Link::identity, j, tokenTraits.data(), logs[at + j]);
    }
  }
  return next;
}

}  // namespace omnirouter::prediction
