#include "assignment/certificate.h"

#include <algorithm>
#include <cmath>

#include "assignment/cells.h"
#include "assignment/row_blocks.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 4096;

// sum_i min_j r_ij over a chunk, row by row; visit(rows) after each block of them, whose values are at hand.
template <class Visit>
double leastSum(const Problem& problem, const Reduced& reduced, LeastReduced kernel, compute::Range rows,
                const Visit& visit) {
  double sum = 0;
  forEachBlock(problem, reduced, rows, [&](size_t first, const LeastReducedBlock& block) {
    double least[kBlockRows];
    uint8_t which[kBlockRows];
    kernel(block, least, which);
    for (size_t i = 0; i < block.rows; ++i) sum += least[i];
    visit(compute::Range{first, first + block.rows});
  });
  return sum;
}

}  // namespace

void certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
             const compute::CancelFlag& cancel, Certificate& certificate) {
  // Their memory serves the next plan of this thread.
  thread_local Reduced reduced;
  thread_local Cells all;
  reduced.tabulate(problem, prices);
  all.clear(problem);
  certificate.dual = 0;
  const LeastReduced kernel = leastReduced(compute::isa());
  const compute::Chunks chunks(problem.rows, cellRows(problem));
  const auto sum = [&problem, choice, kernel, &cancel, &table = reduced](compute::Range rows, Cells& cells) {
    cancel.throwIfRaised();
    return leastSum(problem, table, kernel, rows, [&](compute::Range block) {
      cells.add(block.begin, {choice + block.begin, block.size()});
    });
  };
  if (chunks.count() == 1) {
    certificate.dual = sum(chunks[0], all);
  } else {
    std::vector<Cells> cells(chunks.count(), all);
    std::vector<double> least(chunks.count());
    compute::Pool::shared().forEachChunk(chunks.count(),
                                         [&](size_t chunk) { least[chunk] = sum(chunks[chunk], cells[chunk]); });
    for (const Cells& c : cells) all.add(c);
    for (const double part : least) certificate.dual += part;
  }
  certificate.objective = all.objective();
  certificate.quantity.resize(problem.quantities.size());
  for (size_t k = 0; k < problem.quantities.size(); ++k) certificate.quantity[k] = all.quantity(k);
  certificate.requests.resize(problem.models);
  for (size_t j = 0; j < problem.models; ++j) certificate.requests[j] = all.requests(j);
  certificate.total.resize(problem.limits.size());
  certificate.slack.resize(problem.limits.size());
  certificate.holds = true;
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    certificate.total[l] = all.total(limit);
    certificate.slack[l] = limit.sign() * (limit.bound - certificate.total[l]);
    certificate.dual -= prices[l] * limit.sign() * limit.bound;
    certificate.holds &= certificate.slack[l] >= -tolerance(limit);
  }
}

double rayValue(const Problem& problem, std::span<const double> prices, double& magnitude,
                const compute::CancelFlag& cancel) {
  Problem bare = problem;
  std::fill(bare.objective.begin(), bare.objective.end(), 0.0);
  const Reduced reduced(bare, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  const compute::Chunks chunks(problem.rows, kSlice);
  std::vector<double> sums(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    sums[chunk] = leastSum(bare, reduced, kernel, chunks[chunk], [](compute::Range) {});
  });
  double value = 0;
  magnitude = 0;
  for (const double sum : sums) {
    value += sum;
    magnitude += std::abs(sum);
  }
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    value -= prices[l] * (limit.sign() * limit.bound + tolerance(limit));
    magnitude += prices[l] * std::abs(limit.bound);
  }
  return value;
}

}  // namespace omnirouter::assignment
