#include "assignment/relaxation.h"

#include <algorithm>

#include "assignment/cells.h"
#include "assignment/reach.h"

namespace omnirouter::assignment {

namespace {

double totalOf(const Problem& problem, const std::vector<uint8_t>& choice, const Limit& limit) {
  Cells cells(problem);
  cells.add(0, choice);
  return cells.total(limit);
}

bool holds(const Limit& limit, double total) { return limit.sign() * total <= farthest(limit); }

// The limits that may be moved, first those to be kept first.
std::vector<size_t> byPriority(const Problem& problem) {
  std::vector<size_t> order;
  for (const bool floors : {false, true})
    for (size_t l = 0; l < problem.limits.size(); ++l)
      if (isReachable(problem.limits[l]) && problem.limits[l].atLeast == floors) order.push_back(l);
  return order;
}

}  // namespace

Relaxation relax(const Problem& problem, const Options& options, const compute::CancelFlag& cancel) {
  Relaxation result;
  Problem kept = problem;
  std::erase_if(kept.limits, isReachable);
  for (const size_t l : byPriority(problem)) {
    Limit limit = problem.limits[l];
    double total = result.found ? totalOf(problem, result.choice, limit) : 0;
    if (!result.found || (!holds(limit, total) && !cancel.mustEnd())) {
      Reach best = reachLimit(kept, limit, options, cancel);
      result.evaluations += best.evaluations;
      if (best.found && (!result.found || limit.sign() * best.value < limit.sign() * total)) {
        result.found = true;
        result.choice = std::move(best.choice);
        total = best.value;
      }
    }
    if (!result.found) return result;
    if (!holds(limit, total)) {
      result.moved.push_back({static_cast<int>(l), total});
      limit.bound = total;
      limit = widened(limit);
    }
    kept.limits.push_back(limit);
  }
  std::sort(result.moved.begin(), result.moved.end(), [](const Moved& a, const Moved& b) { return a.limit < b.limit; });
  return result;
}

Problem relaxed(const Problem& problem, const std::vector<Moved>& moved) {
  Problem other = problem;
  for (const Moved& move : moved) other.limits[static_cast<size_t>(move.limit)].bound = move.to;
  return other;
}

}  // namespace omnirouter::assignment
