// Rows given to models by counts, so that what differs between rows is served best.
#pragma once

#include <span>
#include <vector>

#include "assignment/left_out.h"

namespace omnirouter::assignment {

// Per row, a model, such that of every kind `rows` (per candidate, whole) go to each.
std::vector<uint8_t> dealRows(const Problem& problem, const KindCounts& counts, const RowSet& kinds,
                              std::span<const double> rows, const LeftOut& leftOut, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
