// Who gets the queries to which several models are equal. The solver gives them to the lowest index; here a seed spreads
// them instead: of n equal models, row i prefers the hash(seed, i) mod n th, whatever the other rows do.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "assignment/problem.h"
#include "compute/cancel.h"
#include "compute/random.h"

namespace omnirouter::assignment {

// The position of the n-th lowest bit.
inline size_t nthBit(uint64_t bits, size_t n) {
  for (; n > 0; --n) bits &= bits - 1;
  return static_cast<size_t>(std::countr_zero(bits));
}

inline size_t preferred(uint64_t equals, uint64_t seed, size_t row) {
  return nthBit(equals, compute::hash(seed, row) % static_cast<uint64_t>(std::popcount(equals)));
}

// Moves the rows of a plan among models that are equal for them in every quantity that is optimised, limited or breaks
// ties, so that neither the objective nor any floor or budget changes; a model whose own limit has no room is passed
// over for the next equal one. `slack` is that of the plan. Returns whether anything moved.
bool spreadTies(const Problem& problem, const Terms& terms, uint64_t seed, std::vector<double> slack, uint8_t* choice,
                const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
