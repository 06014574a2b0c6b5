// The predictor of quality and output length from both halves of OmniRouter's (arXiv 2502.20576, section 3): a trained
// one and a retrieval one, fused by what the history says of each.
//
// 1. Traits. The directions in which the pool's models agree about queries (traits.h): difficulty first.
// 2. Halves. Each trait of a query is predicted three times: by its neighbours' outcomes (neighbours.h), by a ridge
//    regression on the query's features (ridge.h) and by a forest on them (forest.h). Of the history's own queries all
//    three are out of fold: the neighbours without the query itself, the ridge without its row, in closed form, and the
//    forest by the trees that did not see it.
// 3. Stack. One trait's predictions are joined by weights fitted on these (stack.h).
// 4. Response. The models' outcomes are regressed on the joined traits, still out of fold, by a logistic item-response
//    model whose parameters are shrunk to the pool's (item_response.h). So the result is calibrated, and a query's
//    advantage of one model over another is believed as far as the history supports it: decisions select on differences,
//    and take chance for advantage otherwise (Smith and Winkler, "The optimizer's curse", Management Science 52, 2006).
//
// ln(1 + output tokens) goes the same way with an identity link, which gives the median; the mean is a mixture with the
// neighbours' own, whose share is fitted too.
//
// Out-of-fold predictions of the history's own queries come from out-of-fold traits by a response fitted without the
// query's fifth of the rows. What is fitted on all rows is the directions of the traits and their stack's weights, three
// each, on all models' outcomes: that optimism is left in. The forest's part comes from half as many trees, and is a
// little noisier than a new query's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compute/cancel.h"
#include "prediction/forest.h"
#include "prediction/item_response.h"
#include "prediction/query_features.h"
#include "prediction/stack.h"
#include "prediction/texts.h"
#include "prediction/traits.h"

namespace omnirouter::prediction {

// Queries with what the neighbours say of them. Matrices are [rows x models].
struct HybridBatch {
  const Texts& texts;
  std::span<const float> embeddings;  // [rows x dimension]
  std::span<const float> neighbourQuality;
  std::span<const float> neighbourTokens;
};

// Where predictions go: [rows x models] each.
struct HybridEstimates {
  float* quality = nullptr;       // expected, 0..1
  float* outputTokens = nullptr;  // expected
  float* medianTokens = nullptr;
  float* tokensDeviation = nullptr;   // standard deviation of the output tokens
  float* qualityDeviation = nullptr;  // standard deviation of `quality` that the model's few outcomes leave
};

// One kind of outcome: its traits, how each is stacked, and what the models make of them.
struct TraitPredictor {
  TraitDirections traits;
  std::vector<float> slopes;       // [traits x features] of the ridge
  std::vector<double> intercepts;  // [traits] of the ridge
  std::vector<double> weights;     // [traits x kHalves], such that the stacked trait has unit scale
  double forestScale = 1;          // the forest's targets are this times the traits
  ItemResponse response;

  template <class Archive>
  void archive(Archive& file, size_t features) {
    traits.archive(file);
    file.array(slopes, traits.traits * features);
    file.array(intercepts, traits.traits);
    file.array(weights, traits.traits * kHalves);
    file.real(forestScale);
    response.archive(file);
  }
};

// What the forest sees of the features: the leading axes and the surface.
size_t forestColumns(const QueryFeatures& features);

class HybridPredictor {
 public:
  // What does not change between two fits.
  struct Trained {
    QueryFeatures features;
    Forest forest;
    double neighbourShare = 0;  // of the neighbours' mean in the expected output tokens
  };
  // What turns a model's median output tokens into their mean, and the spread around that: [models] each.
  struct Lengths {
    std::vector<double> smear;      // mean over median of the output tokens
    std::vector<double> deviation;  // relative to the expected output tokens
  };

  // `batch` is the history's queries with estimates that did not see the queries themselves; `quality` and `tokens`
  // [rows x models], NaN = missing. Fills `outOfFold`.
  static HybridPredictor fit(const HybridBatch& batch, size_t dimension, std::span<const float> quality,
                             std::span<const float> tokens, size_t models, uint64_t seed,
                             const HybridEstimates& outOfFold, const compute::CancelFlag& cancel);

  // Throws Error with ERR_OMNI_CORRUPT or ERR_OMNI_VERSION; any bytes are safe to try.
  static HybridPredictor fromBytes(std::span<const uint8_t> bytes);
  std::vector<uint8_t> toBytes() const;

  size_t models() const { return quality_.traits.models; }
  size_t dimension() const { return trained_->features.dimension(); }
  // What it holds, roughly: the forest.
  size_t bytes() const { return trained_->forest.bytes(); }

  // In parallel; bit-identical for any number of threads and any split into batches.
  void predict(const HybridBatch& batch, const HybridEstimates& out, const compute::CancelFlag& cancel) const;

  // The predictor after more outcomes, in their order: every model's level moves, the traits stay as they are.
  HybridPredictor learned(const HybridBatch& batch, std::span<const float> quality, std::span<const float> tokens,
                          const compute::CancelFlag& cancel) const;

  // All that learning moves, as numbers: [models x kLevels].
  static constexpr size_t kLevels = 4;
  std::vector<double> levels() const;
  // Throws InvalidArgument for levels that are not those of as many models.
  HybridPredictor withLevels(std::span<const double> levels) const;

  // The predictor whose quality is, on the logit scale, intercepts[j] + slopes[j] x what it was. [models] each, finite.
  HybridPredictor calibrated(std::span<const double> intercepts, std::span<const double> slopes) const;

  // The predictor for another pool: model j is model from[j] of this one, or, where that is -1, a new one, which begins
  // as the pool's models are on the whole, and as unsure as they differ. Throws InvalidArgument.
  HybridPredictor withModels(std::span<const int32_t> from) const;

 private:
  std::vector<float> featuresOf(const HybridBatch& batch, const compute::CancelFlag& cancel) const;
  // The stacked traits of one query, from its features and its forest's predictions.
  void traitsOf(const TraitPredictor& kind, const float* features, const float* neighbours, const float* forest,
                float* out) const;
  // One query's predictions from its traits and its neighbours' output tokens, to out's elements from `at` on.
  void respond(const ItemResponse& ofQuality, const ItemResponse& ofTokens, const float* qualityTraits,
               const float* tokenTraits, const float* neighbourTokens, size_t at, const HybridEstimates& out) const;

  std::shared_ptr<const Trained> trained_;
  TraitPredictor quality_, tokens_;
  Lengths lengths_;
};

}  // namespace omnirouter::prediction
