// What changes of a HybridPredictor (hybrid.h) after its fit: calibration, the models' levels, and which models there are.
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "errors.h"
#include "prediction/hybrid.h"

namespace omnirouter::prediction {

std::vector<double> HybridPredictor::levels() const {
  std::vector<double> levels;
  for (size_t j = 0; j < models(); ++j) {
    for (const TraitPredictor* kind : {&quality_, &tokens_}) {
      levels.push_back(kind->response.parameters[j * (1 + kind->response.traits)]);
      levels.push_back(kind->response.deviation[j]);
    }
  }
  return levels;
}

HybridPredictor HybridPredictor::withLevels(std::span<const double> levels) const {
  if (levels.size() != models() * kLevels)
    throw InvalidArgument("levels", "levels must be [models x " + std::to_string(kLevels) + "]");
  for (size_t i = 0; i < levels.size(); ++i)
    if (!std::isfinite(levels[i]) || (i % 2 == 1 && !(levels[i] > 0)))
      throw InvalidArgument("levels", "levels[" + std::to_string(i) + "] is out of range");
  HybridPredictor next = *this;
  for (size_t j = 0; j < models(); ++j) {
    const double* own = levels.data() + j * kLevels;
    for (TraitPredictor* kind : {&next.quality_, &next.tokens_}) {
      kind->response.parameters[j * (1 + kind->response.traits)] = *own++;
      kind->response.deviation[j] = *own++;
    }
  }
  return next;
}

HybridPredictor HybridPredictor::calibrated(std::span<const double> intercepts, std::span<const double> slopes) const {
  for (const auto& [values, name] : {std::pair{intercepts, "intercepts"}, std::pair{slopes, "slopes"}}) {
    if (values.size() != models()) throw InvalidArgument(name, std::string(name) + " must be [models]");
    for (const double value : values)
      if (!std::isfinite(value)) throw InvalidArgument(name, std::string(name) + " must be finite");
  }
  HybridPredictor next = *this;
  ItemResponse& response = next.quality_.response;
  const size_t width = 1 + response.traits;
  // The logit is linear in the parameters.
  for (size_t j = 0; j < models(); ++j) {
    for (size_t r = 0; r < width; ++r) response.parameters[j * width + r] *= slopes[j];
    response.parameters[j * width] += intercepts[j];
  }
  return next;
}

HybridPredictor HybridPredictor::withModels(std::span<const int32_t> from) const {
  if (from.empty()) throw InvalidArgument("from", "from must name at least one model");
  for (size_t j = 0; j < from.size(); ++j)
    if (from[j] < -1 || from[j] >= static_cast<int64_t>(models()))
      throw InvalidArgument("from", "from[" + std::to_string(j) + "] is no model of this predictor");
  const auto pooled = [&](const std::vector<double>& values) {
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    std::vector<double> result;
    for (const int32_t old : from) result.push_back(old < 0 ? mean : values[static_cast<size_t>(old)]);
    return result;
  };
  HybridPredictor next = *this;
  for (TraitPredictor* kind : {&next.quality_, &next.tokens_}) {
    kind->traits = kind->traits.withModels(from);
    kind->response = kind->response.withModels(from);
  }
  next.lengths_ = {pooled(lengths_.smear), pooled(lengths_.deviation)};
  return next;
}

}  // namespace omnirouter::prediction
