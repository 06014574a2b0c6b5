// The prices where rows are tied en masse: the same price per call in every row, quality on a grid, nothing but quality.
//
// There the optimum is a vertex of D at which a large part of the rows is tied, and a sample's is the same vertex or one
// near by. So each larger sample is screened in a box as wide as the last one's size moved the prices, its open rows are
// taken by kinds (row_classes.h), and the linear program over those few is solved to the end (kinds_lp.h); prices that
// come to a side of the box move it. On all rows that leaves, beside the prices, how many rows of each kind have each
// model: rows are dealt out by these counts, whole rows by largest remainder, what is left over carried on from kind to
// kind, so that every model's count ends within one or two of the relaxation's.
#pragma once

#include "assignment/price_search.h"

namespace omnirouter::assignment {

// From search.prices, to lie within `reach` of the best for `sample`.
// Writes prices, choice and levels: one, of rows of every kind, for the repair (search.tau is 0: the choice stands).
// False, and prices anywhere, if the open rows are of too many kinds, or the prices keep running away.
bool searchTied(const Problem& problem, const Terms& terms, const RowSample& sample, const Eigen::VectorXd& reach,
                uint64_t seed, PriceSearch& search, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
