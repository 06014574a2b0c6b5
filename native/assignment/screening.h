// Deciding rows: which of them keep their choice wherever in a trust region the optimal prices turn out to be.
#pragma once

#include "assignment/box_region.h"
#include "assignment/row_set.h"
#include "assignment/trust_region.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// The rows of a sample (RowSample::all for every row): the decided ones go into the sums, the open ones into the set
// with the models that can still win. choice[row] becomes the model of every row decided, and a likely one of those open;
// null where nobody will ask. `unit` is the objective's spread (Scale::objective). One read of the matrices.
RowSet screen(const Problem& problem, const TrustRegion& region, double unit, const RowSample& sample, uint8_t* choice,
              const compute::CancelFlag& cancel);

// The rows of a sample whose model in the region may be another than at `from`, with those models.
RowSet screenChanges(const Problem& problem, const TrustRegion& region, double unit, const RowSample& sample,
                     const Eigen::VectorXd& from, const compute::CancelFlag& cancel);

// The same for the open rows of a set that stands for the whole problem (weight 1), in double.
RowSet narrow(const Problem& problem, const Terms& terms, const RowSet& set, const BoxRegion& region, uint8_t* choice,
              const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
