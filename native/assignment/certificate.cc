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

// A sum and the sum of absolute values, with what the additions lost (Neumaier, 1974): the blocks' sums come to the same
// as in one go, but for 2^-53 of it; only the rows of a block add to the rounding.
class BoundedSum {
 public:
  void addBlock(const double* values, size_t count) {
    // Four by four, so that no addition waits for the one before.
    double sum[4] = {}, size[4] = {};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
      for (size_t n = 0; n < 4; ++n) {
        sum[n] += values[i + n];
        size[n] += std::abs(values[i + n]);
      }
    for (; i < count; ++i) {
      sum[0] += values[i];
      size[0] += std::abs(values[i]);
    }
    add((sum[0] + sum[1]) + (sum[2] + sum[3]));
    size_ += (size[0] + size[1]) + (size[2] + size[3]);
  }
  void add(double value) {
    const double sum = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
    sum_ = sum;
  }
  void add(const BoundedSum& other) {
    add(other.sum_);
    lost_ += other.lost_;
    size_ += other.size_;
  }
  // Subtracts what prices and limits come to.
  void subtract(const Problem& problem, std::span<const double> prices) {
    double size = 0;
    for (size_t l = 0; l < problem.limits.size(); ++l) {
      const double worth = prices[l] * farthest(problem.limits[l]);
      add(-worth);
      size += std::abs(worth);
    }
    size_ += size;
  }
  // What the true sum of the values added is not below.
  double least() const { return sum_ + lost_ - (kBlockRows + 8) * 0x1p-53 * size_; }

 private:
  double sum_ = 0, lost_ = 0, size_ = 0;
};

// sum_i min_j r_ij over a chunk, row by row; visit(rows) after each block of them, whose values are at hand.
template <class Visit>
BoundedSum leastSum(const Problem& problem, const Reduced& reduced, LeastReduced kernel, compute::Range rows,
                    const Visit& visit) {
  BoundedSum sum;
  forEachBlock(problem, reduced, rows, [&](size_t first, const LeastReducedBlock& block) {
    double least[kBlockRows];
    uint8_t which[kBlockRows];
    kernel(block, least, which);
    sum.addBlock(least, block.rows);
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
  reduced.tabulateLowered(problem, prices);
  all.clear(problem);
  BoundedSum dual;
  const LeastReduced kernel = leastReduced(compute::isa());
  cancel.count(compute::WorkKind::entries, problem.entries());
  const compute::Chunks chunks(problem.rows, cellRows(problem));
  const auto sum = [&problem, choice, kernel, &cancel, &table = reduced](compute::Range rows, Cells& cells) {
    cancel.throwIfRaised();
    return leastSum(problem, table, kernel, rows, [&](compute::Range block) {
      cells.add(block.begin, {choice + block.begin, block.size()});
    });
  };
  if (chunks.count() == 1) {
    dual = sum(chunks[0], all);
  } else {
    std::vector<Cells> cells(chunks.count(), all);
    std::vector<BoundedSum> least(chunks.count());
    compute::Pool::shared().forEachChunk(chunks.count(),
                                         [&](size_t chunk) { least[chunk] = sum(chunks[chunk], cells[chunk]); });
    for (const Cells& c : cells) all.add(c);
    for (const BoundedSum& part : least) dual.add(part);
  }
  dual.subtract(problem, prices);
  certificate.dual = dual.least();
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
    certificate.holds &= limit.sign() * certificate.total[l] <= farthest(limit);
  }
}

double rayValue(const Problem& problem, std::span<const double> prices, const compute::CancelFlag& cancel) {
  Problem bare = problem;
  std::fill(bare.objective.begin(), bare.objective.end(), 0.0);
  Reduced reduced;
  reduced.tabulateLowered(bare, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  cancel.count(compute::WorkKind::entries, problem.entries());
  const compute::Chunks chunks(problem.rows, kSlice);
  std::vector<BoundedSum> sums(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    sums[chunk] = leastSum(bare, reduced, kernel, chunks[chunk], [](compute::Range) {});
  });
  BoundedSum value;
  for (const BoundedSum& sum : sums) value.add(sum);
  value.subtract(bare, prices);
  return value.least();
}

}  // namespace omnirouter::assignment
