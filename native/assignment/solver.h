// The whole solve: prices (price_search.h), a plan from them (recovery.h, exact.h), the certificate (certificate.h),
// and where the limits cannot all hold, the proof and how near one can come.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assignment/certificate.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

enum class Status {
  optimal,          // the plan holds every limit and the bound equals its objective: no better plan exists
  withinTolerance,  // holds every limit; gap <= gapTolerance
  feasible,         // holds every limit; the gap, however small, is above gapTolerance
  infeasible,       // proven: no plan holds every limit. The plan returned misses them least
  unknown,          // neither a plan nor a proof was found. The plan returned misses the limits least
};

struct Options {
  double gapTolerance = 1e-6;         // relative
  size_t nodeLimit = 20000;           // of the exact search, which small batches get
  uint64_t seed = 1;                  // of the sampling
  std::span<const double> warmStart;  // prices to start from, one per limit, or empty
  bool diagnose = true;               // when infeasible: find conflict and nearest reachable values by further solves
};

// The best that one limit could be met, every other limit held.
struct Reachable {
  int limit;
  bool found = false;  // a plan that holds the others was found, with `value`
  double value = 0;    // of the limit's sum, reached by a plan
  double bound = 0;    // beyond which no plan can go
};

struct Solution {
  Status status = Status::unknown;
  std::vector<uint8_t> choice;  // rows
  std::vector<double> prices;   // limits; of the dual bound
  Certificate certificate;      // of choice and prices
  double bound = 0;             // no feasible plan costs less: certificate.dual, or better: lattice.h, exact.h
  // (objective - bound) / max(|objective|, |bound|, 1e-6 * spread), spread = sum over rows of how far the models' mean
  // objective lies above the least: an objective that is nearly 0 beside it has no relative gap of its own.
  double gap = 0;
  int evaluations = 0;        // of the dual, over whatever rows were open
  std::vector<int> conflict;  // limits that cannot hold together, if infeasible
  std::vector<Reachable> reachable;
};

// Throws InvalidArgument (checkProblem) and compute::Cancelled; infeasibility is a status, not an exception.
Solution solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
