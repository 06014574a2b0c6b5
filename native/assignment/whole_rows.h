// Counts of rows from a linear program's fractions.
#pragma once

#include <span>
#include <vector>

#include "assignment/row_set.h"

namespace omnirouter::assignment {

// Whole rows for every candidate of every kind, in order, `amount` being how many rows of the kind the relaxation gives
// each: by largest remainder, what is left over carried on from kind to kind, so that every model's count ends within
// one or two of the relaxation's.
std::vector<double> wholeRows(const RowSet& kinds, std::span<const double> amount, size_t models);

}  // namespace omnirouter::assignment
