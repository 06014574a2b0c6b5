// A problem of some of another's rows, copied to one place.
#pragma once

#include <vector>

#include "assignment/row_set.h"

namespace omnirouter::assignment {

class SampledProblem {
 public:
  // Of all rows, it is the other one itself, whose matrices must last as long.
  SampledProblem(const Problem& whole, const RowSample& rows);
  SampledProblem(const SampledProblem&) = delete;

  Problem problem;  // bounds are the whole's

 private:
  std::vector<std::vector<float>> values_;
  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

}  // namespace omnirouter::assignment
