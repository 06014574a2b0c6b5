// Rows by what a plan by counts (count_plan.h) has to tell apart: which models may answer them, and whose limits count
// for them. Kinds of rows in row_classes.h have their values in common too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "assignment/problem.h"
#include "compute/cancel.h"
#include "compute/chunks.h"

namespace omnirouter::assignment {

// More kinds than this are not worth a plan by counts.
inline constexpr size_t kMostRowKinds = 4096;

struct RowKind {
  uint16_t group;
  uint64_t allowed;
  bool operator<(const RowKind& other) const {
    return group != other.group ? group < other.group : allowed < other.allowed;
  }
};

inline RowKind kindOf(const Problem& problem, size_t row) {
  return {static_cast<uint16_t>(problem.group(row)), problem.allowedModels(row)};
}

// How many rows there are of each kind, in the order in which kinds turn up; rows of a kind often follow each other.
class KindCounter {
 public:
  explicit KindCounter(const Problem& problem) : problem_(problem) {}

  // The place of the row's kind in kinds().
  size_t add(size_t row);

  const std::vector<RowKind>& kinds() const { return kinds_; }
  const std::vector<size_t>& counts() const { return counts_; }

 private:
  const Problem& problem_;
  std::map<RowKind, size_t> places_;
  std::vector<RowKind> kinds_;
  std::vector<size_t> counts_;
  size_t last_ = 0;
};

// All rows by kinds, in slices that are dealt with in parallel.
struct KindCounts {
  std::vector<RowKind> kinds;  // in order
  std::vector<size_t> counts;
  std::vector<std::vector<size_t>> inSlice;  // per slice and kind

  size_t placeOf(const RowKind& kind) const;
};

inline compute::Chunks slicesOf(const Problem& problem) {
  constexpr size_t kSlice = 16384;
  return {problem.rows, kSlice};
}

// Nothing if there are too many kinds.
std::optional<KindCounts> countKinds(const Problem& problem, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
