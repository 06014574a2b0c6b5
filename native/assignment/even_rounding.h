// Rows that are tied at the smoothed optimum's prices, given models in the shares that their softmin weights say.
#pragma once

#include <vector>

#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Per row of `set`, the position among its candidates: drawn evenly by their weights at a temperature `tau` > 0 where the
// row is within a few tau of a tie, elsewhere the best.
std::vector<uint8_t> roundEvenly(const Problem& problem, const Reduced& reduced, const RowSet& set, double tau);

// The same for every row of a problem: writes each its model. A pass, for when there is no time to find out which rows are
// near a tie.
void roundEveryRow(const Problem& problem, const Reduced& reduced, double tau, uint8_t* choice,
                   const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
