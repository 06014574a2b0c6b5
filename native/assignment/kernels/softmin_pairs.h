// The smoothed dual (smoothed_dual.h) of many rows at once that have the same two candidates, eight rows to a register.
// Bit-identical among instruction sets like least_reduced.h.
//
// With p the softmin weight of the second candidate, E[f] = f_0 + p d and Cov[f] = p (1 - p) d d', d = f_1 - f_0: no
// difference of nearly equal numbers, however close p is to 0 or 1. What limits see of d is linear in a row's
// *features*
//
//     z = (1; q_s(1) - q_s(0) per channel s; w_o(0), w_o(1) per quantity o that is bounded for single models),
//
// so sums of p z and of p (1 - p) z z' are all that is needed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

inline constexpr size_t kMostPairFeatures = 1 + 8 + 2 * 8;
// Of features a >= b, their place in the lower triangle.
constexpr size_t pairPlace(size_t a, size_t b) { return a * (a + 1) / 2 + b; }

struct PairBlock {
  size_t rows;
  size_t quantities;
  // quantities x 2 columns, of the first candidate and of the second, `stride` apart: padded with zeros to whole
  // registers of eight.
  const float* values;
  size_t stride;
  const double* weight;  // quantities x 2
  double base[2];
  double perTau;  // 1 / tau
  const int* channelQuantity;
  size_t channels;
  const int* ownQuantity;  // quantities bounded for single models
  size_t owns;
};

struct PairSums {
  double least;                                    // sum of least reduced values
  double first[kMostPairFeatures];                 // of p z
  double second[pairPlace(kMostPairFeatures, 0)];  // of p (1 - p) z z', the lower triangle
};

using SoftminPairs = void (*)(const PairBlock& block, PairSums& sums);

SoftminPairs softminPairs(compute::Isa isa);

}  // namespace omnirouter::assignment
