// The inner loop of screening (screening.h): which rows are decided anywhere in a trust region, in single precision
// with its rounding allowed for: a row called decided is; a few that are may be called open. Bit-identical among
// instruction sets like least_reduced.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Models come in registers of 16; tables that run over models are padded to whole ones.
inline size_t paddedModels(size_t models) { return (models + 15) / 16 * 16; }

// Consecutive rows. Tables are per group: group g's begin at g times their size. Names as in trust_region.h; reduced
// values and reaches are in units of the objective's spread, so that squares stay in range.
struct ScreenBlock {
  const float* base;    // groups x padded
  const float* weight;  // groups x quantities x padded
  const float* a;       // groups x channels x channels
  const float* u;       // groups x models (winner) x channels x padded, twice U
  const float* v;       // groups x models (winner) x padded
  const float* widest;  // groups x models (winner): no difference with the winner changes by more, own prices aside
  const float* own;     // groups x quantities x padded, or nullptr: no own limits but in requests
  const int* channelQuantity;  // channels
  const float* const* values;  // per quantity: rows x models
  size_t channels;
  size_t quantities;
  size_t rows;
  size_t models;
  const uint16_t* groups;   // per row, or nullptr: group 0
  const uint64_t* allowed;  // per row, or nullptr
};

// winner[i] = the model whose reduced value ends lowest, rounding and the reach of own prices added: of a decided row, the
// best one; open[i] = the models that may win row i somewhere in the region,
// the winner among them; one bit: decided.
using ScreenRows = void (*)(const ScreenBlock& block, uint8_t* winner, uint64_t* open);

ScreenRows screenRows(compute::Isa isa);

}  // namespace omnirouter::assignment
