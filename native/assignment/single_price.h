// The price of a single limit, where no other is in the way: of a problem that has no more, and of one whose capacities, say,
// leave room. Its dual
//
//     D(y) = sum_i min_j (F[i,j] + y f[i,j]) - y b,        f = sign * quantity, b = sign * bound
//
// is concave and made of lines; its slope, what the rows' best models come to less b, falls as y rises, and the best price
// is where it changes its sign: a search in one dimension, which needs neither smoothing nor second derivatives.
//
//   1  The price of a sample, by bisection; the sums of all rows there; and from the sample's changes where the slope's
//      sign is expected to have changed for sure, on either side (control variates, as in control_variate.h).
//   2  All rows at both prices. A model that is best at both is best between, for every min_j is concave: only rows whose
//      model differs are open. If the sign does not change between, the nearer price is the next to start from.
//   3  On the open rows, the point where the lines of both ends meet is the next price, or the middle (the method of
//      Kelley's cutting planes, finite in one dimension), until no row's model differs but rows that are tied there: the
//      optimum of the linear relaxation. Of those, so many change their model that the limit just holds.
#pragma once

#include "assignment/price_search.h"

namespace omnirouter::assignment {

// `search` has the problem's scale. False, and nothing found, where several limits are in the way, which a sample mostly tells
// at once. From prices of a like problem, if there are any. A price beyond `highest` natural units ends the search as
// diverged. Once time is up, it ends at the last price at which the limit holds, if any is known.
bool searchSinglePrice(const Problem& problem, const Terms& terms, const WarmStart* like, uint64_t seed, double highest,
                       PriceSearch& search, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
