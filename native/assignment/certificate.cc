#include "assignment/certificate.h"

#include <algorithm>
#include <cmath>

#include "assignment/recovery.h"
#include "assignment/row_runs.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 4096;

// sum_i min_j r_ij over a chunk, row by row.
double leastSum(const Problem& problem, const Reduced& reduced, LeastReduced kernel, compute::Range rows) {
  constexpr size_t kRun = 256;
  double sum = 0, least[kRun];
  uint8_t which[kRun];
  forEachRun(problem, reduced, rows, kRun, [&](size_t, const RowBlock& block) {
    kernel(block, least, which);
    for (size_t i = 0; i < block.rows; ++i) sum += least[i];
  });
  return sum;
}

}  // namespace

Certificate certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
                    const compute::CancelFlag& cancel) {
  const size_t quantities = problem.quantities.size(), models = problem.models, groups = problem.groupCount;
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  // What was chosen, summed per (group, quantity, model): every limit's total is a sum of such cells.
  struct Cells {
    double least = 0;
    std::vector<double> sum;
    std::vector<size_t> count;
  };
  const compute::Chunks chunks(problem.rows, std::max(kSlice, problem.rows / 1024));
  std::vector<Cells> cells(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    Cells& c = cells[chunk];
    c.sum.assign(groups * quantities * models, 0.0);
    c.count.assign(groups * models, 0);
    const compute::Range rows = chunks[chunk];
    c.least = leastSum(problem, reduced, kernel, rows);
    for (size_t i = rows.begin; i < rows.end; ++i) {
      const size_t g = problem.group(i), j = choice[i];
      ++c.count[g * models + j];
      for (size_t k = 0; k < quantities; ++k)
        c.sum[(g * quantities + k) * models + j] += static_cast<double>(problem.row(k, i)[j]);
    }
  });
  Cells all;
  all.sum.assign(groups * quantities * models, 0.0);
  all.count.assign(groups * models, 0);
  for (const Cells& c : cells) {
    all.least += c.least;
    for (size_t e = 0; e < all.sum.size(); ++e) all.sum[e] += c.sum[e];
    for (size_t e = 0; e < all.count.size(); ++e) all.count[e] += c.count[e];
  }

  Certificate certificate;
  certificate.quantity.assign(quantities, 0.0);
  certificate.requests.assign(models, 0);
  for (size_t g = 0; g < groups; ++g)
    for (size_t j = 0; j < models; ++j) {
      certificate.requests[j] += all.count[g * models + j];
      for (size_t k = 0; k < quantities; ++k) {
        const double sum = all.sum[(g * quantities + k) * models + j];
        certificate.quantity[k] += sum;
        certificate.objective += problem.weight(k, g) * sum;
      }
    }
  certificate.dual = all.least;
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    double total = 0;
    for (size_t g = 0; g < groups; ++g) {
      if (!limit.covers(static_cast<int>(g))) continue;
      for (size_t j = 0; j < models; ++j) {
        if (limit.model != kAll && limit.model != static_cast<int>(j)) continue;
        total += limit.quantity == kRequests
                     ? static_cast<double>(all.count[g * models + j])
                     : all.sum[(g * quantities + static_cast<size_t>(limit.quantity)) * models + j];
      }
    }
    const double slack = limit.sign() * (limit.bound - total);
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
