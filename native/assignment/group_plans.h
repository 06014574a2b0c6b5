// Plans for small batches whose groups have limits of their own: Lagrangian decomposition by groups (Geoffrion, 1974).
// At prices z of the limits common to all groups, every group is searched by itself (exact.h): with F_g(z) what a plan of
// its rows costs at least that keeps its own limits, all in whole rows,
//
//     sum_g F_g(z) - z b  <=  what any plan costs
//
// and at the best z this is mostly well above D, where groups' own limits are kept by fractions of rows. Its subgradient is
// what the groups' best plans together miss the common limits by (Held and Karp, 1971), and steps along it are as long as
// the distance to a plan's cost allows (Polyak, 1969).
//
// At the best prices found a few plans of each group are ranked; with those met on the way they are joined
// (joined_plans.h), and what common limits are still missed by is mended row by row (recovery.h).
#pragma once

#include "assignment/vertex_plan.h"

namespace omnirouter::assignment {

// Whether there are groups with limits of their own, and not too many.
bool suitsGroupPlans(const Problem& problem);

// From the prices at a vertex of the dual, where it is known that no plan has a gap below `least`, and choice[], which may
// be a plan. Leaves there the best prices for the bound D + VertexPlan::least, and a better plan if one is found.
// `exhausted` only where a group alone has none.
VertexPlan planByGroups(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                        Eigen::VectorXd& prices, double gapTolerance, double least, size_t nodeLimit, uint8_t* choice,
                        const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
