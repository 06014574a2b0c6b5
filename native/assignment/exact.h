// Exact search over a small open plan: depth first over the rows, the Lagrangian as bound, at the plan's prices and at
// others beside them, over the models that still have slots.
#pragma once

#include "assignment/open_plan.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Time being up counts as a node limit reached.
enum class Search { exhausted, nodeLimit };

// Looks for a plan better than the given one (or for any, if that violates a limit) and moves `plan` to the best found.
// `exhausted` means that none better exists among the open rows. A node is cut when its regrets plus the priced slack
// that the remaining rows cannot use up reach the best gap so far (the identity in recovery.h), when D of the node at
// other prices does, or when a limit cannot be met by any completion.
Search searchExact(const Problem& problem, OpenPlan& plan, size_t nodeLimit, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
