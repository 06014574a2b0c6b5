#include "assignment/sampled_problem.h"

namespace omnirouter::assignment {

SampledProblem::SampledProblem(const Problem& whole, const RowSample& rows) : problem(whole) {
  if (rows.everyRow()) return;
  problem.rows = rows.size();
  values_.resize(whole.quantities.size());
  for (auto& values : values_) values.reserve(rows.size() * whole.models);
  for (size_t b = 0; b < rows.blocks(); ++b) {
    const compute::Range block = rows[b];
    for (size_t k = 0; k < values_.size(); ++k) {
      const float* from = whole.row(k, block.begin);
      values_[k].insert(values_[k].end(), from, from + block.size() * whole.models);
    }
    if (whole.allowed) allowed_.insert(allowed_.end(), whole.allowed + block.begin, whole.allowed + block.end);
    if (whole.groups) groups_.insert(groups_.end(), whole.groups + block.begin, whole.groups + block.end);
  }
  for (size_t k = 0; k < values_.size(); ++k) problem.quantities[k].values = values_[k].data();
  if (whole.allowed) problem.allowed = allowed_.data();
  if (whole.groups) problem.groups = groups_.data();
}

}  // namespace omnirouter::assignment
