#include "assignment/row_kinds.h"

#include <algorithm>

#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// What counting a row takes, in readings of a value (compute/work.h).
constexpr uint64_t kCounted = 8;

}  // namespace

size_t KindCounter::add(size_t row) {
  const RowKind kind = kindOf(problem_, row);
  if (counts_.empty() || kind < kinds_[last_] || kinds_[last_] < kind) {
    const auto [found, isNew] = places_.try_emplace(kind, kinds_.size());
    last_ = found->second;
    if (isNew) {
      kinds_.push_back(kind);
      counts_.push_back(0);
    }
  }
  ++counts_[last_];
  return last_;
}

size_t KindCounts::placeOf(const RowKind& kind) const {
  return static_cast<size_t>(std::lower_bound(kinds.begin(), kinds.end(), kind) - kinds.begin());
}

std::optional<KindCounts> countKinds(const Problem& problem, const compute::CancelFlag& cancel) {
  const compute::Chunks slices = slicesOf(problem);
  if (problem.groups == nullptr && problem.allowed == nullptr) {
    KindCounts all{{{0, problem.everyModel()}}, {problem.rows}, {}};
    for (size_t slice = 0; slice < slices.count(); ++slice) all.inSlice.push_back({slices[slice].size()});
    return all;
  }
  cancel.count(compute::WorkKind::entries, kCounted * problem.rows);
  std::vector<KindCounter> parts(slices.count(), KindCounter(problem));
  compute::Pool::shared().forEachChunk(slices.count(), [&](size_t slice) {
    cancel.throwIfRaised();
    const compute::Range rows = slices[slice];
    for (size_t i = rows.begin; i < rows.end && parts[slice].kinds().size() <= kMostRowKinds; ++i) parts[slice].add(i);
  });
  std::map<RowKind, size_t> counts;
  for (const KindCounter& part : parts)
    for (size_t k = 0; k < part.kinds().size(); ++k) counts[part.kinds()[k]] += part.counts()[k];
  if (counts.size() > kMostRowKinds) return {};
  KindCounts all;
  for (const auto& [kind, count] : counts) {
    all.kinds.push_back(kind);
    all.counts.push_back(count);
  }
  all.inSlice.assign(slices.count(), std::vector<size_t>(all.kinds.size(), 0));
  for (size_t slice = 0; slice < slices.count(); ++slice)
    for (size_t k = 0; k < parts[slice].kinds().size(); ++k)
      all.inSlice[slice][all.placeOf(parts[slice].kinds()[k])] = parts[slice].counts()[k];
  return all;
}

}  // namespace omnirouter::assignment
