// Relieves models that have more requests than slots, by shortest augmenting paths in the graph of models: the cheapest
// way to get rid of a row at j may be to push it to k and one of k's rows on to l, where there is room. An edge j -> k
// costs the least extra regret of any open row at j; prices of all other limits are inside the regrets.
#pragma once

#include "assignment/open_plan.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

void mendCapacities(const Problem& problem, OpenPlan& plan, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
