// The best objective as a function of one limit's bound: what quality costs, or what a budget buys. For minimised
// objectives the curve of the bounds is convex and, from loose to tight, non-decreasing, and its slope is the limit's
// price: D(y) is linear in the bound at fixed y, so the best dual prices of one point bound all others,
//
//     D(y; b') = D(y; b) - y_l sign_l (b' - b),
//
// and what is reported at each point is the greatest of all points' lines there, which is convex and monotone; in small
// batches more, where an exact search proved more. Likewise a plan for a tight bound is one for every looser bound, and
// the cheapest at hand is reported.
#pragma once

#include <span>
#include <vector>

#include "assignment/solver.h"

namespace omnirouter::assignment {

struct FrontierPoint {
  Status status = Status::unknown;
  double objective = 0, bound = 0, gap = 0;  // as in Solution; of no meaning without a plan
  std::vector<double> quantity;              // per quantity, its sum over the plan
  std::vector<double> prices;                // limits; those at which `bound` is proven
  std::vector<uint8_t> choice;               // rows; if plans were asked for
};

struct Frontier {
  std::vector<FrontierPoint> points;  // as many as bounds, in their order
  int evaluations = 0;
};

enum class Plans { discard, keep };

// Solves the problem once for every bound of limits[limit], from loose to tight, each solve started where the prices of
// the two before it lead; beyond a bound proven infeasible none is made. One check of the matrices for all. Throws
// InvalidArgument (checkProblem) and compute::Cancelled.
Frontier sweep(const Problem& problem, size_t limit, std::span<const double> bounds, const Options& options,
               Plans plans, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
