// Rows that are alike. Values on a grid and ties between models leave few kinds of open rows: which models a row can
// still have, and by how much their values differ. A price search on one row of every kind, counted as often as there
// are rows of it, is the search on all of them, at the cost of the kinds.
#pragma once

#include <vector>

#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// One row for all rows of the set with the same group, candidates and values, with RowSet::Row::copies; sorted by copies.
// What a row's candidates have in common counts as decided, so rows are alike where only their differences are. The
// dual function of the result is that of the set; its rows' ids are those of some row of the kind. `classOf` receives, per
// row of the set, which row of the result stands for it.
RowSet classesOf(const Problem& problem, const Terms& terms, const RowSet& set, const compute::CancelFlag& cancel,
                 std::vector<uint32_t>* classOf = nullptr);

// What that takes of so many candidates, in units of work (compute/work.h).
uint64_t classingWork(const Problem& problem, size_t candidates);

}  // namespace omnirouter::assignment
