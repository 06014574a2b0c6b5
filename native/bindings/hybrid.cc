// HybridPredictor (native/prediction/hybrid.h) for lib/prediction/hybrid-predictor.ts.
#include "prediction/hybrid.h"

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "bindings/js_errors.h"
#include "bindings/prediction.h"
#include "bindings/task.h"
#include "bindings/texts_argument.h"
#include "bindings/token_prices.h"

namespace omnirouter::bindings {

using prediction::HybridPredictor;
using prediction::Texts;

namespace {

struct PricedHybrid {
  HybridPredictor predictor;
  TokenPrices prices;
};

}  // namespace

template <>
inline constexpr napi_type_tag kHandleTag<PricedHybrid> = {0x5D02C7F1948B4E36u, 0xB8E1A03F67D4592Cu};

namespace {

Napi::Value hybridHandle(Napi::Env env, PricedHybrid priced) {
  const size_t bytes = priced.predictor.bytes();
  return makeHandle<PricedHybrid>(env, std::make_shared<const PricedHybrid>(std::move(priced)), bytes);
}

// Copies of the queries: what is computed from them, perhaps later, sees them as they were.
struct Queries {
  // (texts, embeddings, inputTokens, neighbours' quality, neighbours' output tokens) from argument `at` on
  Queries(const Napi::CallbackInfo& info, size_t at, size_t models)
      : queries(texts(info[at], "batch.texts")),
        embeddings(copyIn<float>(info[at + 1], "batch.embeddings")),
        inputTokens(copyIn<float>(info[at + 2], "batch.inputTokens", queries.size())),
        quality(copyIn<float>(info[at + 3], "neighbours.quality", queries.size() * models)),
        outputTokens(copyIn<float>(info[at + 4], "neighbours.outputTokens", queries.size() * models)) {}

  prediction::HybridBatch batch() const { return {queries, embeddings, quality, outputTokens}; }

  Texts queries;
  std::vector<float> embeddings, inputTokens, quality, outputTokens;
};

// The new arrays that predictions go to.
struct Outputs {
  Outputs(Napi::Env env, size_t size)
      : arrays(env, size),
        estimates{arrays.add("quality"), arrays.add("outputTokens"), arrays.add("medianTokens"),
                  arrays.add("costDeviation"), arrays.add("qualityDeviation")},
        cost(arrays.add("cost")) {}

  // Once the estimates are there: USD instead of tokens.
  void price(const std::vector<float>& inputTokens, const TokenPrices& prices) {
    prices.costs({estimates.outputTokens, arrays.size()}, inputTokens, cost);
    for (size_t at = 0; at < arrays.size(); ++at)
      estimates.tokensDeviation[at] =
          static_cast<float>(estimates.tokensDeviation[at] * prices.outputPer1M[at % prices.models()] / 1e6);
  }

  FloatArrays arrays;
  prediction::HybridEstimates estimates;
  float* cost;
};

class FitTask final : public Task {
 public:
  // (inputPer1M, outputPer1M, texts, embeddings, inputTokens, neighbours' quality, their tokens, dimension, quality,
  //  outputTokens, seed)
  explicit FitTask(const Napi::CallbackInfo& info)
      : prices_(tokenPrices(info, 0)),
        queries_(info, 2, prices_.models()),
        dimension_(static_cast<size_t>(integer(info[7], "dimension", 1, std::numeric_limits<int32_t>::max()))),
        quality_(copyIn<float>(info[8], "quality", queries_.queries.size() * prices_.models())),
        tokens_(copyIn<float>(info[9], "outputTokens", quality_.size())),
        seed_(static_cast<uint64_t>(integer(info[10], "seed", 0, (int64_t{1} << 53) - 1))),
        outputs_(info.Env(), quality_.size()) {
    if (prices_.models() == 0) throw InvalidArgument("inputPer1M", "there must be a model");
  }

  void compute(const compute::CancelFlag& cancel) override {
    fitted_ = HybridPredictor::fit(queries_.batch(), dimension_, quality_, tokens_, prices_.models(), seed_,
                                   outputs_.estimates, cancel);
    outputs_.price(queries_.inputTokens, prices_);
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("handle", hybridHandle(env, {std::move(*fitted_), std::move(prices_)}));
    result.Set("outOfFold", outputs_.arrays.object());
    return result;
  }

 private:
  TokenPrices prices_;
  Queries queries_;
  size_t dimension_;
  std::vector<float> quality_, tokens_;
  uint64_t seed_;
  Outputs outputs_;
  std::optional<HybridPredictor> fitted_;
};

class Prediction {
 public:
  // (handle, texts, embeddings, inputTokens, neighbours' quality, their tokens)
  explicit Prediction(const Napi::CallbackInfo& info)
      : priced_(fromHandle<PricedHybrid>(info[0], "predictor")),
        queries_(info, 1, priced_->predictor.models()),
        outputs_(info.Env(), queries_.quality.size()) {}

  void compute(const compute::CancelFlag& cancel) {
    priced_->predictor.predict(queries_.batch(), outputs_.estimates, cancel);
    outputs_.price(queries_.inputTokens, priced_->prices);
  }
  Napi::Value result() { return outputs_.arrays.object(); }

 private:
  std::shared_ptr<const PricedHybrid> priced_;
  Queries queries_;
  Outputs outputs_;
};

class PredictTask final : public Task {
 public:
  explicit PredictTask(const Napi::CallbackInfo& info) : prediction_(info) {}
  void compute(const compute::CancelFlag& cancel) override { prediction_.compute(cancel); }
  Napi::Value result(Napi::Env) override { return prediction_.result(); }

 private:
  Prediction prediction_;
};

Napi::Value fitHybrid(const Napi::CallbackInfo& info) { return start(info.Env(), std::make_shared<FitTask>(info)); }

Napi::Value predictHybrid(const Napi::CallbackInfo& info) {
  Prediction prediction(info);
  prediction.compute(compute::CancelFlag());
  return prediction.result();
}

Napi::Value predictHybridAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<PredictTask>(info));
}

class LearnTask final : public Task {
 public:
  // (handle, texts, embeddings, inputTokens, neighbours' quality, their tokens, quality, outputTokens)
  explicit LearnTask(const Napi::CallbackInfo& info)
      : priced_(fromHandle<PricedHybrid>(info[0], "predictor")),
        queries_(info, 1, priced_->predictor.models()),
        quality_(copyIn<float>(info[6], "quality", queries_.quality.size())),
        tokens_(copyIn<float>(info[7], "outputTokens", queries_.quality.size())) {}

  void compute(const compute::CancelFlag& cancel) override {
    levels_ = priced_->predictor.learned(queries_.batch(), quality_, tokens_, cancel).levels();
  }
  Napi::Value result(Napi::Env env) override { return copyOut<Napi::Float64Array, double>(env, levels_); }

 private:
  std::shared_ptr<const PricedHybrid> priced_;
  Queries queries_;
  std::vector<float> quality_, tokens_;
  std::vector<double> levels_;
};

Napi::Value learnHybrid(const Napi::CallbackInfo& info) { return start(info.Env(), std::make_shared<LearnTask>(info)); }

// hybridWithLevels(handle, levels) -> handle
Napi::Value hybridWithLevels(const Napi::CallbackInfo& info) {
  const auto priced = fromHandle<PricedHybrid>(info[0], "predictor");
  const auto levels = view<const double>(info[1], "levels");
  return hybridHandle(info.Env(), {priced->predictor.withLevels(levels), priced->prices});
}

// hybridCalibrated(handle, intercepts, slopes) -> handle
Napi::Value hybridCalibrated(const Napi::CallbackInfo& info) {
  const auto priced = fromHandle<PricedHybrid>(info[0], "predictor");
  const auto intercepts = view<const double>(info[1], "intercepts");
  const auto slopes = view<const double>(info[2], "slopes");
  return hybridHandle(info.Env(), {priced->predictor.calibrated(intercepts, slopes), priced->prices});
}

// hybridWithModels(handle, from, inputPer1M, outputPer1M) -> handle
Napi::Value hybridWithModels(const Napi::CallbackInfo& info) {
  const auto priced = fromHandle<PricedHybrid>(info[0], "predictor");
  const auto from = view<const int32_t>(info[1], "from");
  return hybridHandle(info.Env(), {priced->predictor.withModels(from), tokenPrices(info, 2, from.size())});
}

// hybridToBytes(handle) -> Uint8Array
Napi::Value hybridToBytes(const Napi::CallbackInfo& info) {
  const std::vector<uint8_t> bytes = fromHandle<PricedHybrid>(info[0], "predictor")->predictor.toBytes();
  return copyOut<Napi::Uint8Array, uint8_t>(info.Env(), bytes);
}

// hybridFromBytes(bytes, inputPer1M, outputPer1M, dimension) -> handle
Napi::Value hybridFromBytes(const Napi::CallbackInfo& info) {
  auto predictor = HybridPredictor::fromBytes(view<const uint8_t>(info[0], "bytes"));
  TokenPrices prices = tokenPrices(info, 1);
  const auto dimension = integer(info[3], "dimension", 1, std::numeric_limits<int32_t>::max());
  if (predictor.models() != prices.models())
    throw Error("ERR_OMNI_CORRUPT", "bytes",
                "the saved predictor is of " + std::to_string(predictor.models()) + " models, the pool has " +
                    std::to_string(prices.models()));
  if (predictor.dimension() != static_cast<size_t>(dimension))
    throw Error("ERR_OMNI_CORRUPT", "bytes",
                "the saved predictor is of " + std::to_string(predictor.dimension()) +
                    " dimensions, the embedder has " + std::to_string(dimension));
  return hybridHandle(info.Env(), {std::move(predictor), std::move(prices)});
}

}  // namespace

void registerHybrid(Napi::Env env, Napi::Object exports) {
  exports.Set("fitHybrid", guarded<fitHybrid>(env, "fitHybrid"));
  exports.Set("predictHybrid", guarded<predictHybrid>(env, "predictHybrid"));
  exports.Set("predictHybridAsync", guarded<predictHybridAsync>(env, "predictHybridAsync"));
  exports.Set("learnHybrid", guarded<learnHybrid>(env, "learnHybrid"));
  exports.Set("hybridWithLevels", guarded<hybridWithLevels>(env, "hybridWithLevels"));
  exports.Set("hybridCalibrated", guarded<hybridCalibrated>(env, "hybridCalibrated"));
  exports.Set("hybridWithModels", guarded<hybridWithModels>(env, "hybridWithModels"));
  exports.Set("hybridToBytes", guarded<hybridToBytes>(env, "hybridToBytes"));
  exports.Set("hybridFromBytes", guarded<hybridFromBytes>(env, "hybridFromBytes"));
}

}  // namespace omnirouter::bindings
