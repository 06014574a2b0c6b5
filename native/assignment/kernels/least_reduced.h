// The inner loop of everything that looks at all rows: the least reduced value of each row and whose it is.
// One plain function per instruction set, from the same text (least_reduced.inl), chosen at run time. All of
// them round alike, operation by operation (no fused multiply-add, fixed order), so they agree bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Consecutive rows of one group.
struct RowBlock {
  const double* base;            // models
  const double* const* weights;  // per quantity: models
  const float* const* values;    // per quantity: rows x models
  size_t quantities;
  size_t rows;
  size_t models;
  const uint64_t* allowed;  // per row, or nullptr
};

// least[i] = min over allowed j of base[j] + sum_k weights[k][j] * values[k][i, j], summed in the order of k;
// which[i] = the lowest such j. Every row has an allowed model.
using LeastReduced = void (*)(const RowBlock& block, double* least, uint8_t* which);

LeastReduced leastReduced(compute::Isa isa);

}  // namespace omnirouter::assignment
