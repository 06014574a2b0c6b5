// Exact search over a small open plan: depth first over the rows, the Lagrangian as bound, at the plan's prices and at
// others beside them, over the models that still have slots.
#pragma once

#include "assignment/open_plan.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct Exact {
  bool found = false;      // a better plan, to which `plan` was moved
  bool exhausted = false;  // none is better; else the nodes or the time ran out
  size_t nodes = 0;
};

// Looks for a plan with a gap below `gap`, and below that of the given plan if that violates no limit; moves `plan` to the
// best found. `exhausted` means that none better exists among the open rows. A node is cut when its regrets plus the
// priced slack that the remaining rows cannot use up reach the best gap so far (the identity in recovery.h), when D of
// the node at other prices does, or when a limit cannot be met by any completion.
Exact searchExact(const Problem& problem, OpenPlan& plan, double gap, size_t nodeLimit,
                  const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
