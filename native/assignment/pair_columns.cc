#include "assignment/pair_columns.h"

#include <algorithm>

#include "assignment/row_set.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Stable, by counting.
template <class Key>
std::vector<uint32_t> sortedBy(const std::vector<uint32_t>& rows, size_t keys, const Key& key) {
  std::vector<uint32_t> next(keys + 1, 0), sorted(rows.size());
  for (const uint32_t row : rows) ++next[key(row) + 1];
  for (size_t k = 0; k < keys; ++k) next[k + 1] += next[k];
  for (const uint32_t row : rows) sorted[next[key(row)]++] = row;
  return sorted;
}

}  // namespace

PairColumns::PairColumns(const RowSet& set) : quantities_(set.quantities()) {
  std::vector<uint32_t> pairs;
  size_t groups = 1;
  for (size_t i = 0; i < set.size(); ++i) {
    const bool two = set.candidatesOf(i) == 2;
    (two ? pairs : others_).push_back(static_cast<uint32_t>(i));
    if (two) groups = std::max(groups, size_t{set.groupOf(i)} + 1);
  }
  if (pairs.empty()) return;
  const auto models = [&](uint32_t i) {
    const RowSet::Row row = set[i];
    return size_t{row.models[0]} * kMaxModels + row.models[1];
  };
  const auto group = [&](uint32_t i) { return size_t{set.groupOf(i)}; };
  if (groups > 1) pairs = sortedBy(pairs, groups, group);
  pairs = sortedBy(pairs, kMaxModels * kMaxModels, models);

  std::vector<size_t> starts;  // of each run, in `pairs`
  size_t size = 0;
  for (size_t begin = 0, end; begin < pairs.size(); begin = end) {
    const size_t key = models(pairs[begin]), owner = group(pairs[begin]);
    for (end = begin + 1; end < pairs.size() && end - begin < kLongest; ++end)
      if (models(pairs[end]) != key || group(pairs[end]) != owner) break;
    starts.push_back(begin);
    runs_.push_back({owner, key / kMaxModels, key % kMaxModels, end - begin, size});
    size += 2 * quantities_ * runs_.back().stride();
  }
  values_.resize(size);
  totals_.resize(runs_.size() * quantities_);
  const compute::Chunks chunks(runs_.size(), 32);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    for (size_t r = chunks[chunk].begin; r < chunks[chunk].end; ++r) {
      const Run& run = runs_[r];
      float* to = values_.data() + run.begin;
      for (size_t i = 0; i < run.rows; ++i) {
        const float* from = set[pairs[starts[r] + i]].values;
        for (size_t c = 0; c < 2 * quantities_; ++c) to[c * run.stride() + i] = from[c];
      }
      for (size_t k = 0; k < quantities_; ++k)
        for (size_t i = 0; i < run.rows; ++i)
          totals_[r * quantities_ + k] += static_cast<double>(to[2 * k * run.stride() + i]);
    }
  });
}

}  // namespace omnirouter::assignment
