// Plans far above the bound, where a limit keeps what is minimised from falling: a floor on cost, say, beside others. At the
// best prices that limit takes back what the objective gives, all models cost a row the same, and prices tell nothing; which
// amounts add up to little more than the limit asks for is a question of its own (a subset sum, in one dimension).
//
// Two descents by the objective itself answer it mostly, as amounts differ by powers of ten: from the plan found, always the
// move that saves most and leaves every limit held; and from the plan that is best without such limits, always the move
// that adds most of what is missing of them and no more, and at the best point one that adds all of it.
#pragma once

#include <vector>

#include "assignment/newton.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Rewrites choice[], a plan of all rows, if that is far above D(prices), or misses a limit, and a better one is found.
void approachBound(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                   const Eigen::VectorXd& prices, std::vector<uint8_t>& choice, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
