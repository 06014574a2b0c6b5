// From prices to a plan: at the optimal prices almost every row has one best model, and a basic optimum of the linear
// relaxation splits at most as many rows as there are binding limits. Recovery settles those few so that every limit
// holds. With regrets rho = r - min r at prices y and slacks s >= 0 of the limits, any plan costs exactly
//
//     primal = D(y) + sum_i rho_i + sum_l y_l s_l          (complementary slackness, priced)
//
// so the whole search is for small regrets and little priced slack.
#pragma once

#include <vector>

#include "assignment/newton.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct Recovery {
  bool feasible = false;
  double objective = 0;       // in double over the set's sums
  std::vector<double> slack;  // sign * bound - sign * sum, per limit
};

// Rewrites choice[] for the open rows of `set`, whose decided rows are settled. `tau` is the temperature at which
// `prices` were found: rows closer than a few tau are rounded evenly by their softmin weights first; at a tau of 0
// choice[] is taken as it is. Then rows are moved, alone, in pairs and in chains, among those that regret it least and those
// that relieve what is missed; round by round, as long as that helps. Once time is up, one round of repair is made that is
// bounded more tightly.
Recovery recover(const Problem& problem, const Terms& terms, const RowSet& set, const Scale& scale,
                 const Eigen::VectorXd& prices, double tau, double gapTolerance, uint8_t* choice,
                 const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
