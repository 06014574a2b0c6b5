// How much work (compute/work.h) a solve may be without a limit of time: some hundred times what a batch of its size usually
// takes, which only limits that cannot hold, or hardly can, ever come near.
#pragma once

#include "assignment/options.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// In all, in units of work. Whoever sets a limit of time has said how long the solve may take.
uint64_t allowedWork(const Problem& problem, const Options& options);

// Nodes of the exact search of a batch.
size_t allowedNodes(const Problem& problem, const Options& options);

// The same computation with a share of the work that is left to it, and less time by what `reserved` units take.
inline compute::CancelFlag shareOf(const compute::CancelFlag& cancel, double share, uint64_t reserved = 0) {
  const uint64_t left = cancel.unitsLeft();
  const double earlier = compute::kMillisecondsPerUnit * static_cast<double>(reserved);
  if (left == compute::CancelFlag::kUnlimited) return {cancel, left, earlier};
  return {cancel, cancel.unitsDone() + static_cast<uint64_t>(share * static_cast<double>(left)), earlier};
}

}  // namespace omnirouter::assignment
