// Models that cost a row the same in the objective, and which of them the tie-break prefers.
#pragma once

#include <cstdint>

#include "assignment/problem.h"

namespace omnirouter::assignment {

class EqualModels {
 public:
  // The problem is looked at as long as this is. It has a tie-break.
  explicit EqualModels(const Problem& problem);

  // The allowed models whose objective is the model's own, as a double: that one among them.
  uint64_t of(size_t row, size_t model) const;
  // Of these, the one with the best value of the tie-break, and of equals the lowest.
  size_t best(size_t row, size_t model) const { return bestOf(row, of(row, model)); }
  // Whether the tie-break prefers some of these models to others.
  bool differ(size_t row, uint64_t models) const;

 private:
  size_t bestOf(size_t row, uint64_t models) const;

  const Problem& problem_;
  size_t weighed_ = 0, only_ = 0;  // quantities in the objective, and the last of them
};

}  // namespace omnirouter::assignment
