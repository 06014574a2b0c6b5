#include "assignment/certificate.h"

#include <algorithm>
#include <cmath>

#include "assignment/cells.h"
#include "assignment/recovery.h"
#include "assignment/row_blocks.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 4096;

// sum_i min_j r_ij over a chunk, row by row.
double leastSum(const Problem& problem, const Reduced& reduced, LeastReduced kernel, compute::Range rows) {
  double sum = 0;
  forEachBlock(problem, reduced, rows, [&](size_t, const LeastReducedBlock& block) {
    double least[kBlockRows];
    uint8_t which[kBlockRows];
    kernel(block, least, which);
    for (size_t i = 0; i < block.rows; ++i) sum += least[i];
  });
  return sum;
}

}  // namespace

Certificate certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
                    const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  const compute::Chunks chunks(problem.rows, cellRows(problem));
  std::vector<Cells> cells(chunks.count(), Cells(problem));
  std::vector<double> least(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range rows = chunks[chunk];
    least[chunk] = leastSum(problem, reduced, kernel, rows);
    for (size_t i = rows.begin; i < rows.end; ++i) cells[chunk].add(i, choice[i]);
  });
  Cells all(problem);
  for (const Cells& c : cells) all.add(c);

  Certificate certificate;
  certificate.objective = all.objective();
  for (size_t k = 0; k < problem.quantities.size(); ++k) certificate.quantity.push_back(all.quantity(k));
  for (size_t j = 0; j < problem.models; ++j) certificate.requests.push_back(all.requests(j));
  for (const double sum : least) certificate.dual += sum;
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    const double total = all.total(limit), slack = limit.sign() * (limit.bound - total);
    certificate.total.push_back(total);
    certificate.slack.push_back(slack);
    certificate.dual -= prices[l] * limit.sign() * limit.bound;
    certificate.holds &= slack >= -tolerance(limit);
  }
  return certificate;
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
    sums[chunk] = leastSum(bare, reduced, kernel, chunks[chunk]);
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
