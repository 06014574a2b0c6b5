#include "assignment/equal_models.h"

#include <bit>

namespace omnirouter::assignment {

EqualModels::EqualModels(const Problem& problem) : problem_(problem), grouped_(problem.objectiveGroup != kAll) {
  for (size_t k = 0; k < problem.quantities.size(); ++k)
    if (problem.objective[k] != 0) {
      ++weighed_;
      only_ = k;
    }
}

uint64_t EqualModels::of(size_t row, size_t model) const {
  const size_t models = problem_.models;
  const uint64_t allowed = problem_.allowedModels(row);
  const size_t group = problem_.group(row);
  if (weighed_ == 0 || problem_.weight(only_, group) == 0) return allowed;
  if (weighed_ == 1) {
    const float* values = problem_.row(only_, row);
    const float own = values[model];
    uint64_t equal = 0;
    for (size_t j = 0; j < models; ++j) equal |= static_cast<uint64_t>(values[j] == own) << j;
    return equal & allowed;
  }
  const auto objective = [&](size_t j) {
    double sum = 0;
    for (size_t k = 0; k < problem_.quantities.size(); ++k)
      sum += problem_.weight(k, group) * static_cast<double>(problem_.row(k, row)[j]);
    return sum;
  };
  const double own = objective(model);
  uint64_t equal = 0;
  for (size_t j = 0; j < models; ++j) equal |= static_cast<uint64_t>(objective(j) == own) << j;
  return equal & allowed;
}

bool EqualModels::differ(size_t row, uint64_t models) const {
  const float* values = problem_.row(static_cast<size_t>(problem_.tieBreak), row);
  const float first = values[std::countr_zero(models)];
  for (uint64_t rest = models & (models - 1); rest != 0; rest &= rest - 1)
    if (values[std::countr_zero(rest)] != first) return true;
  return false;
}

size_t EqualModels::bestOf(size_t row, uint64_t models) const {
  const float* values = problem_.row(static_cast<size_t>(problem_.tieBreak), row);
  auto best = static_cast<size_t>(std::countr_zero(models));
  for (uint64_t rest = models & (models - 1); rest != 0; rest &= rest - 1) {
    const auto j = static_cast<size_t>(std::countr_zero(rest));
    if (problem_.tieLarge ? values[j] > values[best] : values[j] < values[best]) best = j;
  }
  return best;
}

}  // namespace omnirouter::assignment
