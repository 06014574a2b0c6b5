// Walks rows in runs of one group, in the form the kernels take.
#pragma once

#include "assignment/kernels/least_reduced.h"
#include "assignment/problem.h"
#include "compute/chunks.h"

namespace omnirouter::assignment {

// Calls visit(first row, block) for every run of rows of one group, at most `longest` rows at a time.
template <class Visit>
void forEachRun(const Problem& problem, const Reduced& reduced, compute::Range rows, size_t longest,
                const Visit& visit) {
  const double* weights[kMaxQuantities];
  const float* values[kMaxQuantities];
  for (size_t begin = rows.begin; begin < rows.end;) {
    const size_t group = problem.group(begin);
    size_t end = begin + 1;
    const size_t stop = std::min(rows.end, begin + longest);
    if (problem.groups) {
      while (end < stop && problem.groups[end] == group) ++end;
    } else {
      end = stop;
    }
    for (size_t k = 0; k < problem.quantities.size(); ++k) {
      weights[k] = reduced.weight(group, k);
      values[k] = problem.row(k, begin);
    }
    visit(begin, RowBlock{reduced.base(group), weights, values, problem.quantities.size(), end - begin,
                          problem.models, problem.allowed ? problem.allowed + begin : nullptr});
    begin = end;
  }
}

}  // namespace omnirouter::assignment
