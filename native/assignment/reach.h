// How near one limit can come to its bound, and past it, while others hold: the problem with that limit taken out of the
// limits and put into the objective.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "assignment/attempt.h"

namespace omnirouter::assignment {

// Floors and budgets, over everything or a group: what can be optimised instead of limited. Capacities, and whatever else
// counts requests, cannot.
bool isReachable(const Limit& limit);

struct Reach {
  bool found = false;           // `choice` holds all the limits of the problem that was asked
  double value = 0;             // of the limit's sum, with `choice`
  double bound = 0;             // no plan within the other limits goes beyond: above it for a floor, below for a budget
  double dual = 0;              // the same as far as `prices` prove it
  std::vector<uint8_t> choice;  // rows
  std::vector<double> prices;   // of the problem's limits, of the dual
  int evaluations = 0;
};

// The best that `limit` can do within the limits of `problem`, of which it need not be one.
Reach reachLimit(const Problem& problem, const Limit& limit, const Options& options, const compute::CancelFlag& cancel);

// Of many rows, prices of the problem's limits near those of the best that `limit` can do, as a sample tells them: in a
// fraction of the time. Offers some, and as long as these do not do, better ones; whether any did.
bool sampleReach(const Problem& problem, const Limit& limit, uint64_t seed, const compute::CancelFlag& cancel,
                 const std::function<bool(std::span<const double>)>& enough);

}  // namespace omnirouter::assignment
