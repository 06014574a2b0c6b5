#include "assignment/pair_columns.h"

#include <algorithm>

#include "assignment/row_set.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// A row of two candidates: its place in the set, and what it is sorted by.
constexpr int kKeyBits = 22, kDigitBits = 11;  // two models of 64 and a group of 1024, in two digits
static_assert(kMaxModels * kMaxModels * kMaxGroups == size_t{1} << kKeyBits && kKeyBits == 2 * kDigitBits);
using Keyed = uint64_t;

Keyed keyed(const RowSet& set, size_t index) {
  const std::span<const uint8_t> models = set[index].models;
  const size_t key = (size_t{models[0]} * kMaxModels + models[1]) * kMaxGroups + set.groupOf(index);
  return Keyed{index} << kKeyBits | key;
}
size_t keyOf(Keyed row) { return row & ((Keyed{1} << kKeyBits) - 1); }
size_t indexOf(Keyed row) { return row >> kKeyBits; }

// By their keys, in the order of the set where these are equal.
void sortByKey(std::vector<Keyed>& rows) {
  constexpr size_t kFew = 256;  // counting digits takes longer
  if (rows.size() < kFew) {
    std::sort(rows.begin(), rows.end(),
              [](Keyed a, Keyed b) { return keyOf(a) != keyOf(b) ? keyOf(a) < keyOf(b) : a < b; });
    return;
  }
  std::vector<Keyed> sorted(rows.size());
  for (int shift = 0; shift < kKeyBits; shift += kDigitBits) {
    std::vector<size_t> next((size_t{1} << kDigitBits) + 1, 0);
    const auto digit = [&](Keyed row) { return row >> shift & ((Keyed{1} << kDigitBits) - 1); };
    for (const Keyed row : rows) ++next[digit(row) + 1];
    for (size_t d = 1; d < next.size(); ++d) next[d] += next[d - 1];
    for (const Keyed row : rows) sorted[next[digit(row)]++] = row;
    rows.swap(sorted);
  }
}

}  // namespace

PairColumns::PairColumns(const RowSet& set) : quantities_(set.quantities()) {
  std::vector<Keyed> pairs;
  pairs.reserve(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    if (set.candidatesOf(i) == 2)
      pairs.push_back(keyed(set, i));
    else
      others_.push_back(static_cast<uint32_t>(i));
  }
  sortByKey(pairs);

  std::vector<size_t> starts;  // of each run, in `pairs`
  size_t size = 0;
  for (size_t begin = 0, end; begin < pairs.size(); begin = end) {
    const size_t key = keyOf(pairs[begin]);
    for (end = begin + 1; end < pairs.size() && end - begin < kLongest && keyOf(pairs[end]) == key;) ++end;
    const size_t models = key / kMaxGroups;
    starts.push_back(begin);
    runs_.push_back({key % kMaxGroups, models / kMaxModels, models % kMaxModels, end - begin, size});
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
        const float* from = set[indexOf(pairs[starts[r] + i])].values;
        for (size_t c = 0; c < 2 * quantities_; ++c) to[c * run.stride() + i] = from[c];
      }
      for (size_t k = 0; k < quantities_; ++k)
        for (size_t i = 0; i < run.rows; ++i)
          totals_[r * quantities_ + k] += static_cast<double>(to[2 * k * run.stride() + i]);
    }
  });
}

}  // namespace omnirouter::assignment
