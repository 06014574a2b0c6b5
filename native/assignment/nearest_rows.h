// Which of the open rows recovery searches: few of many, but so that every exchange that could pay is within reach.
#pragma once

#include <vector>

#include "assignment/row_set.h"

namespace omnirouter::assignment {

// Positions in `set`, ascending: all of a few rows, and of many those that would lose least by moving, for every pair of
// models from the one to the other; so exchanges are within reach however many rows are tied. And for each of the limits
// `missed`, the rows that would relieve it at the least price: those may be all of one small group.
std::vector<size_t> nearestRows(const Problem& problem, const Reduced& reduced, const RowSet& set,
                                const std::vector<uint8_t>& chosen, const std::vector<size_t>& missed);

}  // namespace omnirouter::assignment
