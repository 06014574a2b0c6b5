// What the bindings of both predictors share: the prices that turn tokens into USD, and the arrays that predictions go to.
#pragma once

#include <span>
#include <vector>

#include "bindings/arguments.h"
#include "prediction/neighbours.h"

namespace omnirouter::bindings {

// USD per million tokens, [models] each.
struct TokenPrices {
  std::vector<double> inputPer1M, outputPer1M;

  size_t models() const { return inputPer1M.size(); }
  void costs(std::span<const float> outputTokens, std::span<const float> inputTokens, float* out) const {
    prediction::tokenCosts(outputTokens, inputTokens, inputPer1M, outputPer1M, out);
  }
};

// (inputPer1M, outputPer1M) from argument `at` on; of so many models, or of as many as there are.
inline TokenPrices tokenPrices(const Napi::CallbackInfo& info, size_t at, size_t models = kAnyLength) {
  TokenPrices prices;
  prices.inputPer1M = copyIn<double>(info[at], "inputPer1M", models);
  prices.outputPer1M = copyIn<double>(info[at + 1], "outputPer1M", prices.models());
  return prices;
}

// New arrays of `size` floats each, by name in one object: unreachable by JavaScript until they are filled.
class FloatArrays {
 public:
  FloatArrays(Napi::Env env, size_t size) : size_(size), object_(Napi::Persistent(Napi::Object::New(env))) {}

  float* add(const char* name) {
    auto array = Napi::Float32Array::New(object_.Env(), size_);
    object_.Value().Set(name, array);
    return array.Data();
  }
  size_t size() const { return size_; }
  Napi::Object object() const { return object_.Value(); }

 private:
  size_t size_;
  Napi::ObjectReference object_;
};

}  // namespace omnirouter::bindings
