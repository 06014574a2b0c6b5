// Rows that are tied at the smoothed optimum's prices, given models in the shares that their softmin weights say.
#pragma once

#include <vector>

#include "assignment/row_set.h"

namespace omnirouter::assignment {

// Per row of `set`, the position among its candidates: drawn evenly by their weights at a temperature `tau` > 0 where the
// row is within a few tau of a tie, elsewhere the best.
std::vector<uint8_t> roundEvenly(const Problem& problem, const Reduced& reduced, const RowSet& set, double tau);

}  // namespace omnirouter::assignment
