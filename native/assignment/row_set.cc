#include "assignment/row_set.h"

#include <bit>

#include "compute/random.h"

namespace omnirouter::assignment {

void RowSet::add(const Problem& problem, size_t i, uint64_t models) {
  ids_.push_back(static_cast<uint32_t>(i));
  groups_.push_back(static_cast<uint16_t>(problem.group(i)));
  for (uint64_t left = models; left != 0; left &= left - 1)
    models_.push_back(static_cast<uint8_t>(std::countr_zero(left)));
  const bool every = models == problem.everyModel();
  for (size_t k = 0; k < quantities_; ++k) {
    const float* from = problem.row(k, i);
    if (every)
      values_.insert(values_.end(), from, from + problem.models);
    else
      for (uint64_t left = models; left != 0; left &= left - 1) values_.push_back(from[std::countr_zero(left)]);
  }
  starts_.push_back(models_.size());
  if (counted()) copies_.push_back(1.0);
}

void RowSet::add(const Row& row, uint64_t keep) {
  if (counted() || row.copies != 1) {
    copies_.resize(ids_.size(), 1.0);
    copies_.push_back(row.copies);
  }
  ids_.push_back(row.id);
  groups_.push_back(row.group);
  for (uint64_t left = keep; left != 0; left &= left - 1)
    models_.push_back(row.models[static_cast<size_t>(std::countr_zero(left))]);
  for (size_t k = 0; k < quantities_; ++k) {
    const float* from = row.values + k * row.models.size();
    for (uint64_t left = keep; left != 0; left &= left - 1) values_.push_back(from[std::countr_zero(left)]);
  }
  starts_.push_back(models_.size());
}

void RowSet::append(const RowSet& other) {
  if (counted() || other.counted()) {
    copies_.resize(ids_.size(), 1.0);
    copies_.insert(copies_.end(), other.copies_.begin(), other.copies_.end());
    copies_.resize(ids_.size() + other.ids_.size(), 1.0);
  }
  decided.add(other.decided);
  ids_.insert(ids_.end(), other.ids_.begin(), other.ids_.end());
  groups_.insert(groups_.end(), other.groups_.begin(), other.groups_.end());
  const size_t offset = models_.size();
  for (size_t r = 1; r < other.starts_.size(); ++r) starts_.push_back(offset + other.starts_[r]);
  models_.insert(models_.end(), other.models_.begin(), other.models_.end());
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
}

void RowSet::reserve(size_t rows, size_t candidates) {
  ids_.reserve(rows);
  groups_.reserve(rows);
  starts_.reserve(rows + 1);
  models_.reserve(candidates);
  values_.reserve(candidates * quantities_);
}

void RowSet::clear(size_t quantities, size_t limits) {
  quantities_ = quantities;
  decided.objective = 0;
  decided.limit.assign(limits, 0.0);
  weight = 1;
  ids_.clear();
  groups_.clear();
  starts_.resize(1);
  models_.clear();
  values_.clear();
  copies_.clear();
  pairs_.reset();
}

size_t reduceRow(const Problem& problem, const Reduced& reduced, const RowSet::Row& row, double* r) {
  const size_t count = row.models.size();
  const double* base = reduced.base(row.group);
  for (size_t c = 0; c < count; ++c) r[c] = base[row.models[c]];
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const double* weight = reduced.weight(row.group, k);
    for (size_t c = 0; c < count; ++c) r[c] += weight[row.models[c]] * row.value(k, c);
  }
  size_t least = 0;
  for (size_t c = 1; c < count; ++c)
    if (r[c] < r[least]) least = c;
  return least;
}

void addChoice(const Problem& problem, const Terms& terms, const RowSet::Row& row, size_t c, Sums& sums) {
  const size_t quantities = problem.quantities.size();
  for (size_t k = 0; k < quantities; ++k) sums.objective += row.copies * problem.weight(k, row.group) * row.value(k, c);
  const auto add = [&](const Term& term) {
    sums.limit[static_cast<size_t>(term.limit)] +=
        row.copies * term.sign * (term.quantity == kRequests ? 1.0 : row.value(static_cast<size_t>(term.quantity), c));
  };
  for (const Term& term : terms.shared(row.group)) add(term);
  for (const Term& term : terms.own(row.group, row.models[c])) add(term);
}

RowSample::RowSample(size_t rows, size_t count, uint64_t seed) : rows_(rows), seed_(seed) {
  // Fewer strata than two blocks' worth of rows each would make blocks overlap or skip: then every row is taken.
  const bool every = count * 2 >= rows;
  blocks_ = ((every ? rows : count) + kBlock - 1) / kBlock;
  size_ = every ? rows : blocks_ * kBlock;
}

compute::Range RowSample::operator[](size_t block) const {
  if (everyRow()) return {block * kBlock, std::min(rows_, (block + 1) * kBlock)};
  const size_t begin = rows_ * block / blocks_, end = rows_ * (block + 1) / blocks_;
  const size_t first = begin + compute::hash(seed_, block) % (end - begin - kBlock + 1);
  return {first, first + kBlock};
}

void openRows(const Problem& problem, const RowSample& sample, RowSet& set) {
  set.clear(problem.quantities.size(), problem.limits.size());
  set.reserve(sample.size(), sample.size() * problem.models);
  for (size_t b = 0; b < sample.blocks(); ++b) {
    const compute::Range rows = sample[b];
    for (size_t i = rows.begin; i < rows.end; ++i) set.add(problem, i, problem.allowedModels(i));
  }
  set.weight = sample.weight();
}

}  // namespace omnirouter::assignment
