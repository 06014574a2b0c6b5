// From the prices at a vertex of the dual (simplex.h) to a plan, for small batches. A plan's gap to D is the sum of its
// regrets and priced slacks (recovery.h), so a plan with a gap below g has no model with a regret of g or more: rows with
// one model left are settled. Searched exactly for g from small to large, the first plan found is soon proven best, and
// before that no plan is needed to start from (iterative deepening: Korf, 1985). A search that finds none raises the bound
// to D + g; a plan within the relative `gapTolerance` of the bound ends it.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "assignment/newton.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct VertexPlan {
  bool found = false;      // choice[] holds every limit
  bool exhausted = false;  // ... and no plan is better; or none holds them
  bool enough = false;     // ... and its gap, beside the least there can be, is within the tolerance
  double least = 0;        // no plan has a gap below this: searches that found none prove as much
  size_t nodes = 0;
};

// Rewrites choice[] if a plan is found.
VertexPlan planAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                        const Eigen::VectorXd& prices, double gapTolerance, size_t nodeLimit, uint8_t* choice,
                        const compute::CancelFlag& cancel);

// From a plan choice[], to the best with a gap below its own, if it holds the limits; else to the best of all. It is known
// that none has a gap below `least`.
VertexPlan improveAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                           const Eigen::VectorXd& prices, double gapTolerance, double least, size_t nodeLimit,
                           uint8_t* choice, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
