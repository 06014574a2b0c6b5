// Where the limits cannot all hold: what holds instead. Goal programming by priority (Charnes and Cooper, 1961): in a
// fixed order, every limit is kept if a plan can keep it beside those before it, and else moved to the best that one can
// reach. The order:
//
//   1  what is never moved: capacities, in requests or tokens, whatever else counts requests or limits one model, and
//      the models allowed per row
//   2  budgets and other ceilings over all models, as they are listed
//   3  floors, as they are listed
//
// So money is kept before quality: a floor and a budget in conflict give the highest quality that the budget buys; only
// a budget below the cheapest plan there is gives way itself. Of two floors in conflict the first listed is kept.
#pragma once

#include <vector>

#include "assignment/options.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct Moved {
  int limit;
  double to;  // the bound of its sum, not widened
};

struct Relaxation {
  bool found = false;           // otherwise not even what is never moved can hold, as far as was found
  std::vector<Moved> moved;     // in the order of the limits; empty where a plan was found that holds all as stated
  std::vector<uint8_t> choice;  // a plan that holds the moved limits and the others
  int evaluations = 0;
};

// Of a widened problem. At most one solve for each limit of 2 and 3. Once time is up, what the plan at hand reaches is
// taken for the best.
Relaxation relax(const Problem& problem, const Options& options, const compute::CancelFlag& cancel);

// The problem with the limits where they were moved to.
Problem relaxed(const Problem& problem, const std::vector<Moved>& moved);

}  // namespace omnirouter::assignment
