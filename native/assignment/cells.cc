#include "assignment/cells.h"

#include <algorithm>

namespace omnirouter::assignment {

size_t cellRows(const Problem& problem) {
  const size_t bytes = 8 * problem.groupCount * (problem.quantities.size() + 1) * problem.models;
  const size_t chunks = std::clamp<size_t>((size_t{64} << 20) / bytes, 4, 512);
  return std::max<size_t>(4096, problem.rows / chunks);
}

size_t Cells::requests(size_t model) const {
  size_t total = 0;
  for (size_t g = 0; g < problem_->groupCount; ++g) total += count_[g * problem_->models + model];
  return total;
}

double Cells::quantity(size_t k) const {
  double total = 0;
  for (size_t g = 0; g < problem_->groupCount; ++g)
    for (size_t j = 0; j < problem_->models; ++j) total += sum(g, k, j);
  return total;
}

double Cells::objective() const {
  double total = 0;
  for (size_t g = 0; g < problem_->groupCount; ++g)
    for (size_t k = 0; k < problem_->quantities.size(); ++k) {
      const double weight = problem_->weight(k, g);
      if (weight == 0) continue;
      for (size_t j = 0; j < problem_->models; ++j) total += weight * sum(g, k, j);
    }
  return total;
}

double Cells::total(const Limit& limit) const {
  const size_t models = problem_->models;
  const size_t firstGroup = limit.group == kAll ? 0 : static_cast<size_t>(limit.group);
  const size_t lastGroup = limit.group == kAll ? problem_->groupCount : firstGroup + 1;
  const size_t first = limit.model == kAll ? 0 : static_cast<size_t>(limit.model);
  const size_t last = limit.model == kAll ? models : first + 1;
  double total = 0;
  for (size_t g = firstGroup; g < lastGroup; ++g)
    for (size_t j = first; j < last; ++j)
      total += limit.quantity == kRequests ? static_cast<double>(count_[g * models + j])
                                           : sum(g, static_cast<size_t>(limit.quantity), j);
  return total;
}

}  // namespace omnirouter::assignment
