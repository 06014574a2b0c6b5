// What a caller may ask of a solve, beside the problem.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace omnirouter::assignment {

struct Options {
  double gapTolerance = 1e-6;  // relative
  size_t nodeLimit = 20000;    // of the exact search, which small batches get; up to 16 rows, of 50 times as many
  // Milliseconds after which to return the best so far, with what is proven of it. Checked between steps: passes over the
  // rows that are under way are finished, and those that make and certify a plan are made. A plan that time cut short
  // depends on the machine; every other is the same, bit for bit, on all.
  double timeLimit = std::numeric_limits<double>::infinity();
  uint64_t seed = 1;  // of the sampling
  // Prices to start from, one per limit, or empty. Unless they lead to a plan within the tolerance, the solve is made
  // without them as well, and the better bound and the better plan are kept: so they never make an answer worse by more
  // than the tolerance.
  std::span<const double> warmStart;
  // How far from those the best prices are expected, one per limit, or empty: not known.
  std::span<const double> warmReach;
  // When no plan was found: how near every floor and budget can come while the rest holds, by a solve each. Otherwise
  // one such solve is made, where that is what it takes to prove that there is none.
  bool diagnose = true;
  // When no plan was found: move floors and budgets to what can be reached (relaxation.h), and plan within that.
  bool relax = false;
  // Where models are equal for a query in all that is optimised or limited: absent, the lowest index has it; else the
  // seed spreads such queries over them (ties.h).
  std::optional<uint64_t> ties;
};

}  // namespace omnirouter::assignment
