#include "assignment/allowance.h"

#include <algorithm>
#include <limits>

#include "assignment/attempt.h"

namespace omnirouter::assignment {

namespace {

// Some 200 ms of one core, which tenants with scarce tokens need to be planned at all; or so much for every row and model, of which large batches have so many that less is enough.
constexpr uint64_t kLeast = 400'000'000, kPerEntry = 4000, kPerFurtherEntry = 800;
constexpr size_t kManyEntries = 300'000;
// Batches of few rows are searched with so many times the nodes: each row is much of the whole, and prices say little of it.
constexpr size_t kFewRowsNodes = 50;

}  // namespace

size_t allowedNodes(const Problem& problem, const Options& options) {
  return (problem.rows <= kFewRows ? kFewRowsNodes : 1) * options.nodeLimit;
}

uint64_t allowedWork(const Problem& problem, const Options& options) {
  if (options.timeLimit < std::numeric_limits<double>::infinity()) return compute::CancelFlag::kUnlimited;
  // Whoever asks for more nodes than usual gets them.
  const size_t usual = Options().nodeLimit;
  const uint64_t more =
      options.nodeLimit > usual ? allowedNodes(problem, options) - allowedNodes(problem, Options()) : 0;
  const size_t entries = problem.rows * problem.models, further = entries - std::min(entries, kManyEntries);
  return std::max(kLeast, kPerEntry * (entries - further) + kPerFurtherEntry * further) +
         more * compute::kWorkUnits[static_cast<size_t>(compute::WorkKind::nodes)];
}

}  // namespace omnirouter::assignment
