// Where a row's least reduced value first bends as the prices move along a direction: which model overtakes the one that
// has the row, and when. The inner loop of the simplex (simplex.h). Bit-identical among instruction sets like
// least_reduced.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Models are padded to whole registers of eight, with costs that never win. Tables are per group.
struct BendTables {
  const double* cost;      // rows x padded
  const double* values;    // rows x quantities x padded
  const double* base;      // groups x padded: of the prices
  const double* weight;    // groups x quantities x padded
  const double* rateBase;  // the same of the direction
  const double* rateWeight;
  size_t padded, quantities;
  double tiny;   // rates that differ by no more do not differ
  double reach;  // of no bend farther off is asked; at most 1e90
};

struct BendRow {
  uint32_t row;
  uint16_t group;
  uint8_t from;
  uint64_t tied;  // models that move with `from`, itself among them
};

struct FirstBend {
  double at;      // in lengths of the direction; above reach: there is none within it, and of it only `regret` is known
  double drop;    // how much faster the reduced value of `model` falls
  double regret;  // the least reduced value of models that are not tied, less that of `from`
  uint8_t model;  // of equals the lowest
};

using FindFirstBend = void (*)(const BendTables& tables, const BendRow* rows, size_t count, FirstBend* out);

FindFirstBend findFirstBend(compute::Isa isa);

}  // namespace omnirouter::assignment
