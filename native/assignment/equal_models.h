// Models that cost a row the same in the objective, and which of them the tie-break prefers.
#pragma once

#include <cstdint>

#include "assignment/problem.h"

namespace omnirouter::assignment {

class EqualModels {
 public:
  // The problem is looked at as long as this is. It has a tie-break.
  explicit EqualModels(const Problem& problem);

  // Whether there may be others like it: mostly not.
  bool mayHave(size_t row, size_t model) const {
    if (weighed_ != 1) return true;
    const float* values = problem_.row(only_, row);
    const float own = values[model];
    unsigned count = 0;
    for (size_t j = 0; j < problem_.models; ++j) count += values[j] == own;
    return count > 1 || grouped_;
  }
  // The allowed models whose objective is the model's own, as a double: that one among them.
  uint64_t of(size_t row, size_t model) const;
  // Of these, the one with the best value of the tie-break, and of equals the lowest.
  size_t best(size_t row, size_t model) const {
    return mayHave(row, model) ? bestOf(row, of(row, model)) : model;
  }
  // Whether the tie-break prefers some of these models to others.
  bool differ(size_t row, uint64_t models) const;

 private:
  size_t bestOf(size_t row, uint64_t models) const;

  const Problem& problem_;
  size_t weighed_ = 0, only_ = 0;  // quantities in the objective, and the last of them
  bool grouped_ = false;           // they count in the rows of a group only
};

}  // namespace omnirouter::assignment
