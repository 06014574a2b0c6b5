// The whole solve: an attempt (attempt.h), the certificate (certificate.h), and where no plan was found, the proof that
// there is none, how near one can come (reach.h), and the plan that comes nearest (relaxation.h).
#pragma once

#include <vector>

#include "assignment/certificate.h"
#include "assignment/options.h"
#include "assignment/problem.h"
#include "assignment/relaxation.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

enum class Status {
  optimal,          // the plan holds every limit and the bound equals its objective: no better plan exists
  withinTolerance,  // holds every limit; gap <= gapTolerance
  feasible,         // holds every limit; the gap, however small, is above gapTolerance
  infeasible,       // proven: no plan holds every limit. The plan returned misses them least, or is the relaxed one
  unknown,          // neither a plan nor a proof was found. The plan returned misses the limits least, or is relaxed
};

// Why there was no more to do, or no more was done.
enum class Stop {
  proven,      // the plan is optimal, or that there is none is proven
  tolerance,   // the gap is within the tolerance
  noProgress,  // every step was made and improved the plan no further
  nodeLimit,   // the exact search reached its limit
  timeLimit,
  workLimit,  // so much was done as a batch of its size may ask for where no time was said
};

// The best that one limit could be met, every other limit held.
struct Reachable {
  int limit;
  bool found = false;  // a plan that holds the others was found, with `value`
  double value = 0;    // of the limit's sum, reached by a plan
  double bound = 0;    // beyond which no plan can go
};

struct Solution {
  Status status = Status::unknown;  // of the limits as stated, also where they were relaxed
  Stop stop = Stop::noProgress;
  std::vector<uint8_t> choice;  // rows
  std::vector<double> prices;   // limits; of the dual bound
  // Of choice and prices. Slacks are of the limits as stated; the dual is of the relaxed problem, if there is one. Both
  // judge by widened limits (problem.h).
  Certificate certificate;
  double bound = 0;  // no plan that holds costs less: certificate.dual, or better: lattice.h, exact.h
  // (objective - bound) / max(|objective|, |bound|, 1e-6 * spread), spread = sum over rows of how far the models' mean
  // objective lies above the least: an objective that is nearly 0 beside it has no relative gap of its own.
  double gap = 0;
  double spread = 0;
  compute::WorkCounts work;  // done, of all kinds
  int evaluations = 0;      // of the dual, over whatever rows were open
  std::vector<int> missed;  // limits that the plan misses, by more than their tolerance: first the one missed by most,
                            // relative to its bound
  double violation = 0;     // by how much, summed, relative to each bound
  std::vector<int> conflict;  // limits that cannot hold together, if infeasible
  std::vector<Reachable> reachable;
  std::vector<Moved> relaxed;  // if Options::relax: the limits that were moved for the plan to hold them
};

// Throws InvalidArgument (checkProblem) and compute::Cancelled; infeasibility is a status, not an exception.
Solution solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel);
// The same into the memory of an earlier solution: of like small batches, no other is then taken.
void solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel, Solution& solution);

// gap of an objective and a bound, and the status of a plan that holds every limit.
double gapOf(double objective, double bound, double spread);
Status statusOf(double gap, double gapTolerance);

// solve() of a problem and options that have been checked.
Solution solveChecked(const Problem& problem, const Options& options, const compute::CancelFlag& cancel);
void checkOptions(const Problem& problem, const Options& options);

}  // namespace omnirouter::assignment
