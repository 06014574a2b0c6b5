// The least reduced value of every row and whose it is, in double: the inner loop of routing by prices and of the
// certificate. One plain function per instruction set, from the same text (least_reduced.inl), chosen at run time. All
// round alike, operation by operation (no fused multiply-add, fixed order), so they agree bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Consecutive rows. Tables are per group: group g's begin at g times their size.
struct LeastReducedBlock {
  const double* base;          // groups x models
  const double* weight;        // groups x quantities x models
  const float* const* values;  // per quantity: rows x models
  size_t quantities;
  size_t rows;
  size_t models;
  const uint16_t* groups;   // per row, or nullptr: group 0
  const uint64_t* allowed;  // per row, or nullptr
};

// least[i] = min over allowed j of base[j] + sum_k weight[k, j] * values[k][i, j], summed in the order of k; which[i] =
// the lowest such j. Every row has an allowed model.
using LeastReduced = void (*)(const LeastReducedBlock& block, double* least, uint8_t* which);

LeastReduced leastReduced(compute::Isa isa);

}  // namespace omnirouter::assignment
