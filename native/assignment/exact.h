// Exact search over a small open plan: depth first over the rows, bounded by what the rows left cost at least, at the
// plan's prices and at some others.
//
// Where groups have limits of their own, each group's rows are first searched by themselves, for what they cost at least
// with these limits and at the plan's prices of the others: the Lagrangian of the common limits alone, whose bound is
// never below D and mostly well above it (Geoffrion, 1974). The groups' best plans together are often the plan sought; else,
// below a node, groups not yet begun count with what they cost at least (russian doll search: Verfaillie, Lemaitre and
// Schiex, 1996).
#pragma once

#include <cstddef>
#include <vector>

#include "assignment/open_plan.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Objectives this near to each other are the same to a search at these prices: the gaps that it compares are sums of the
// order of what limits and prices come to, and round accordingly.
double searchRounding(const Problem& problem, const Eigen::VectorXd& prices, double objective);

struct Exact {
  bool found = false;      // a better plan, to which `plan` was moved
  bool exhausted = false;  // none is better; else the plan was good enough, or the nodes or the time ran out
  bool enough = false;     // the plan found has a gap that was said to be enough
  size_t nodes = 0;
  double least = 0;  // no plan over the open rows has a gap below this
};

// Looks for a plan with a gap below `gap`, and below that of the given plan if that violates no limit; moves `plan` to the
// best found, or to the first with a gap of at most `enough`, if that is not 0. `exhausted` means that none better exists
// among the open rows. 
Exact searchExact(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
                  const compute::CancelFlag& cancel);

// Plans of one group by itself, with its own limits, those of all groups left to their prices.
struct Ranking {
  std::vector<std::vector<size_t>> plans;  // a candidate for each open row; those of least gap come first
  bool exhausted = false;                  // no other has a gap below these, or below what was asked for
  double least = 0;                        // nor has any plan of the group one below this
  size_t nodes = 0;
};

// The `count` plans of least gap, if that is below `gap`. All open rows are of the group.
Ranking rankPlans(const Problem& problem, const OpenPlan& plan, int group, double gap, size_t count, size_t nodeLimit,
                  const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
