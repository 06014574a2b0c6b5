// Walks rows in blocks small enough for the stack, in the form leastReduced() takes.
#pragma once

#include <algorithm>

#include "assignment/kernels/least_reduced.h"
#include "assignment/problem.h"
#include "compute/chunks.h"

namespace omnirouter::assignment {

inline constexpr size_t kBlockRows = 256;

// Calls visit(first row, block) for the rows of a range, at most kBlockRows at a time.
template <class Visit>
void forEachBlock(const Problem& problem, const Reduced& reduced, compute::Range rows, const Visit& visit) {
  const float* values[kMaxQuantities];
  LeastReducedBlock block{};
  block.base = reduced.base(0);
  block.weight = reduced.weight(0, 0);
  block.values = values;
  block.quantities = problem.quantities.size();
  block.models = problem.models;
  for (size_t begin = rows.begin; begin < rows.end; begin += kBlockRows) {
    block.rows = std::min(rows.end - begin, kBlockRows);
    block.groups = problem.groups ? problem.groups + begin : nullptr;
    block.allowed = problem.allowed ? problem.allowed + begin : nullptr;
    for (size_t k = 0; k < block.quantities; ++k) values[k] = problem.row(k, begin);
    visit(begin, block);
  }
}

}  // namespace omnirouter::assignment
