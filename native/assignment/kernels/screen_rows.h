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
//
// A reduced value is a sum of base and weight * value, wrong by at most so many roundings (2^-24) of its size, that of all
// summands, as the constants say. Values are >= 0, so the size is at most the result's own and twice what base and
// negative weights may amount to in a row of the group; `slip` is what rounding makes of the latter in the difference of
// two models.
inline constexpr int kRoundings = 8, kRoundingsPerQuantity = 2;

struct ScreenBlock {
  const float* base;        // groups x padded
  const float* lowWeight;   // groups x quantities x padded: weights, less the reach of own prices
  const float* highWeight;  // groups x quantities x padded: and more by it; or nullptr: no own limits but in requests
  const float* slip;        // groups
  const float* widest;      // groups: no two models' difference changes by more, own prices aside; slip included
  const float* a;           // groups x channels x channels
  const float* u;           // groups x models (winner) x channels x padded, twice U
  const float* v;           // groups x models (winner) x padded
  const int* channelQuantity;  // channels
  const float* const* values;  // per quantity: rows x models
  size_t channels;
  size_t quantities;
  size_t rows;
  size_t models;
  const uint16_t* groups;   // per row, or nullptr: group 0
  const uint64_t* allowed;  // per row, or nullptr
};

// open[i] = the models that may win row i somewhere in the region; one bit: decided. winner[i] is one of them, of a decided
// row the best.
using ScreenRows = void (*)(const ScreenBlock& block, uint8_t* winner, uint64_t* open);

ScreenRows screenRows(compute::Isa isa);

}  // namespace omnirouter::assignment
