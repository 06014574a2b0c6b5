// NeighbourEstimator (native/prediction/neighbours.h) for lib/prediction/neighbour-predictor.ts.
#include "prediction/neighbours.h"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "bindings/js_errors.h"
#include "bindings/prediction.h"
#include "bindings/task.h"
#include "bindings/token_prices.h"

namespace omnirouter::bindings {

using prediction::NeighbourEstimator;

namespace {

struct PricedEstimator {
  NeighbourEstimator estimator;
  TokenPrices prices;
};

}  // namespace

template <>
inline constexpr napi_type_tag kHandleTag<PricedEstimator> = {0x3B7E05C9A8D14F62u, 0x91F4D6270C3EB85Au};

namespace {

// What one call works on: copies of what was found, and the new arrays it fills.
class Estimation {
 public:
  // (handle, ids, similarities, k, inputTokens, exclude?)
  explicit Estimation(const Napi::CallbackInfo& info)
      : priced_(fromHandle<PricedEstimator>(info[0], "predictor")),
        k_(static_cast<size_t>(integer(info[3], "k", 0, std::numeric_limits<int32_t>::max()))),
        inputTokens_(copyIn<float>(info[4], "batch.inputTokens")),
        ids_(copyIn<int32_t>(info[1], "ids", inputTokens_.size() * k_)),
        similarities_(copyIn<float>(info[2], "similarities", inputTokens_.size() * k_)),
        arrays_(info.Env(), inputTokens_.size() * priced_->estimator.models()),
        out_{arrays_.add("quality"), arrays_.add("outputTokens"), arrays_.add("support")},
        cost_(arrays_.add("cost")) {
    if (!isAbsent(info[5])) exclude_ = copyIn<int32_t>(info[5], "exclude", inputTokens_.size());
  }

  void compute(const compute::CancelFlag& cancel) {
    priced_->estimator.estimate({inputTokens_.size(), k_, ids_, similarities_, exclude_}, out_, cancel);
    priced_->prices.costs({out_.outputTokens, arrays_.size()}, inputTokens_, cost_);
  }
  Napi::Value result() { return arrays_.object(); }

 private:
  std::shared_ptr<const PricedEstimator> priced_;
  size_t k_;
  std::vector<float> inputTokens_;
  std::vector<int32_t> ids_;
  std::vector<float> similarities_;
  std::vector<int32_t> exclude_;
  FloatArrays arrays_;
  prediction::Estimates out_;
  float* cost_;
};

class EstimateTask final : public Task {
 public:
  explicit EstimateTask(const Napi::CallbackInfo& info) : estimation_(info) {}
  void compute(const compute::CancelFlag& cancel) override { estimation_.compute(cancel); }
  Napi::Value result(Napi::Env) override { return estimation_.result(); }

 private:
  Estimation estimation_;
};

prediction::Outcomes outcomesOf(const Napi::Value& quality, const Napi::Value& outputTokens, size_t models) {
  prediction::Outcomes outcomes;
  outcomes.models = models;
  outcomes.quality = copyIn<float>(quality, "quality");
  outcomes.rows = models == 0 ? 0 : outcomes.quality.size() / models;
  outcomes.outputTokens = copyIn<float>(outputTokens, "outputTokens");
  return outcomes;
}

Napi::Value handleOf(Napi::Env env, PricedEstimator priced) {
  const size_t bytes = priced.estimator.bytes();
  return makeHandle<PricedEstimator>(env, std::make_shared<const PricedEstimator>(std::move(priced)), bytes);
}

// createNeighbours(quality, outputTokens, inputPer1M, outputPer1M, neighbours, power, shrinkage) -> handle
Napi::Value createNeighbours(const Napi::CallbackInfo& info) {
  TokenPrices prices = tokenPrices(info, 2);
  prediction::NeighbourOptions options;
  options.neighbours = static_cast<size_t>(integer(info[4], "k", 1, std::numeric_limits<int32_t>::max()));
  options.power = number(info[5], "power");
  options.shrinkage = number(info[6], "shrinkage");
  return handleOf(info.Env(),
                  {NeighbourEstimator(outcomesOf(info[0], info[1], prices.models()), options), std::move(prices)});
}

// learnNeighbours(handle, rows, quality, outputTokens) -> handle; the one given stays as it is
Napi::Value learnNeighbours(const Napi::CallbackInfo& info) {
  const auto priced = fromHandle<PricedEstimator>(info[0], "predictor");
  const auto rows = view<const int32_t>(info[1], "rows");
  return handleOf(
      info.Env(),
      {priced->estimator.learned(rows, outcomesOf(info[2], info[3], priced->estimator.models())), priced->prices});
}

// neighboursPrior(handle) -> { quality, error }, [models] each
Napi::Value neighboursPrior(const Napi::CallbackInfo& info) {
  const auto priced = fromHandle<PricedEstimator>(info[0], "predictor");
  Napi::Object prior = Napi::Object::New(info.Env());
  prior.Set("quality", copyOut<Napi::Float64Array>(info.Env(), priced->estimator.qualityPrior()));
  prior.Set("error", copyOut<Napi::Float64Array>(info.Env(), priced->estimator.qualityError()));
  return prior;
}

Napi::Value estimateNeighbours(const Napi::CallbackInfo& info) {
  Estimation estimation(info);
  estimation.compute(compute::CancelFlag());
  return estimation.result();
}

Napi::Value estimateNeighboursAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<EstimateTask>(info));
}

}  // namespace

void registerNeighbours(Napi::Env env, Napi::Object exports) {
  exports.Set("createNeighbours", guarded<createNeighbours>(env, "createNeighbours"));
  exports.Set("learnNeighbours", guarded<learnNeighbours>(env, "learnNeighbours"));
  exports.Set("neighboursPrior", guarded<neighboursPrior>(env, "neighboursPrior"));
  exports.Set("estimateNeighbours", guarded<estimateNeighbours>(env, "estimateNeighbours"));
  exports.Set("estimateNeighboursAsync", guarded<estimateNeighboursAsync>(env, "estimateNeighboursAsync"));
}

}  // namespace omnirouter::bindings
