// One solve from prices to a plan: price_search.h, recovery.h, for small batches exact.h, and count_plan.h where only
// counts of rows matter. Nothing is certified yet.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/newton.h"
#include "assignment/options.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Batches of so few rows are searched to the end.
inline constexpr size_t kFewRows = 16;

struct Attempt {
  std::vector<uint8_t> choice;
  Eigen::VectorXd prices;
  bool diverged = false;    // a price grew beyond every bound: the limits are likely in conflict
  bool gaveUp = false;      // ... beyond the bound that was given
  bool exhausted = false;   // searched exactly: choice is optimal, or misses limits because every plan does
  bool outOfNodes = false;  // searched exactly, but not to the end
  double spread = 0;        // of the objective over all rows: Solution::gap
  // What rounding the limits (lattice.h), and searches that found no plan (vertex_plan.h), add to the dual at these prices.
  double raise = 0;
  // Of the objective, where searched exactly: no plan that holds costs less than choice[] by more.
  double rounding = 0;
  int evaluations = 0;
};

// Prices of this many natural units are seldom those of limits that can hold together.
inline constexpr double kSuspiciousPrice = 100.0;

// Of a problem that has been checked. `highestPrice`: in natural units, where a search of many rows gives up.
void attempt(const Problem& given, const Terms& terms, const Options& options, const compute::CancelFlag& cancel,
             double highestPrice, Attempt& result);
inline Attempt attempt(const Problem& given, const Terms& terms, const Options& options,
                       const compute::CancelFlag& cancel) {
  Attempt result;
  attempt(given, terms, options, cancel, PriceBox::kDivergence, result);
  return result;
}

}  // namespace omnirouter::assignment
