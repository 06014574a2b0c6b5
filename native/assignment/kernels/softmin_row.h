// One row's part of the smoothed dual's value and derivatives (smoothed_dual.h), in double: softmin weights of its
// candidates, and the moments (moments.h) of what they add to every sum that is limited. Bit-identical among
// instruction sets like least_reduced.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Models come in registers of eight; whatever runs over models is padded to whole ones.
inline size_t paddedToEight(size_t models) { return (models + 7) / 8 * 8; }

// Tables are per group where they run over groups; names as in moments.h.
struct SoftminTables {
  const double* base;          // groups x padded
  const double* weight;        // groups x quantities x padded
  const int* channelQuantity;  // channels
  const int* kindQuantity;     // kinds; kRequests counts 1
  size_t models;
  size_t quantities;
  size_t channels;
  size_t kinds;
  double perTau;  // 1 / tau
};

struct SoftminRow {
  size_t group;
  size_t count;           // candidates
  const uint8_t* models;  // count, ascending
  const float* values;    // quantities x count
};

// Where a row's moments are added: moments.h says what each is.
struct SoftminSums {
  double* rows;        // 1: their number
  double* mean;        // channels
  double* covariance;  // channels x channels, the lower triangle
  double* second;      // channels x channels, the lower triangle
  double* mixed;       // channels x kinds x padded: covariance with own sums
  double* mixedSecond;
  double* own;       // kinds x padded: means
  double* diagonal;  // kinds x kinds x padded: E[u u'] of sums of the same model, the upper triangle
  double* outer;     // (kinds x padded) x (kinds x padded): E[u] E[u]', the upper triangle
};

// Adds the row's moments, the second ones only if `withSecond`, and returns its least reduced value.
using AddSoftminRow = double (*)(const SoftminTables& tables, const SoftminRow& row, bool withSecond,
                                 const SoftminSums& sums);

AddSoftminRow addSoftminRow(compute::Isa isa);

}  // namespace omnirouter::assignment
