#include "assignment/rows_between.h"

#include <algorithm>
#include <bit>

#include "assignment/cells.h"
#include "assignment/row_blocks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Adds a row with the models that are best somewhere between two prices. The lesser of the lines of those that are at the
// ends is a tent; whoever is below it anywhere is below its peak.
void add(const Problem& problem, size_t row, uint8_t low, uint8_t high, const Reduced& below, const Reduced& above,
         Between& between) {
  double atLow[kMaxModels], rise[kMaxModels];
  const size_t group = problem.group(row), models = problem.models;
  for (size_t j = 0; j < models; ++j) {
    atLow[j] = below.base(group)[j];
    rise[j] = above.base(group)[j];
  }
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const float* values = problem.row(k, row);
    const double *w0 = below.weight(group, k), *w1 = above.weight(group, k);
    for (size_t j = 0; j < models; ++j) {
      atLow[j] += w0[j] * static_cast<double>(values[j]);
      rise[j] += w1[j] * static_cast<double>(values[j]);
    }
  }
  for (size_t j = 0; j < models; ++j) rise[j] -= atLow[j];
  const double closing = rise[low] - rise[high];
  const double peak = closing > 0 ? std::clamp((atLow[high] - atLow[low]) / closing, 0.0, 1.0) : 0.5;
  const double height = atLow[low] + peak * rise[low];
  uint64_t open = uint64_t{1} << low | uint64_t{1} << high;
  const uint64_t allowed = problem.allowedModels(row);
  for (size_t j = 0; j < models; ++j)
    if ((allowed >> j & 1) != 0 && atLow[j] + peak * rise[j] < height) open |= uint64_t{1} << j;
  between.open.add(problem, row, open);
  const auto place = [open](uint8_t model) {
    return static_cast<uint8_t>(std::popcount(open & ((uint64_t{1} << model) - 1)));
  };
  between.low.push_back(place(low));
  between.high.push_back(place(high));
}

}  // namespace

Between rowsBetween(const Problem& problem, size_t priced, double low, double high, uint8_t* choice,
                    const compute::CancelFlag& cancel) {
  const size_t limits = problem.limits.size();
  std::vector<double> prices(limits, 0.0);
  prices[priced] = low;
  const Reduced below(problem, prices);
  prices[priced] = high;
  const Reduced above(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  struct Part {
    explicit Part(const Problem& of) : decided(of), low(of), high(of) {}
    Cells decided, low, high;
    Between between;
  };
  cancel.count(compute::WorkKind::entries, 2 * problem.entries());
  const compute::Chunks chunks(problem.rows, cellRows(problem));
  std::vector<Part> parts(chunks.count(), Part(problem));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    Part& part = parts[chunk];
    part.between.open = RowSet(problem.quantities.size(), limits);
    forEachBlock(problem, below, chunks[chunk], [&](size_t first, LeastReducedBlock block) {
      double least[kBlockRows];
      uint8_t atLow[kBlockRows], openLow[kBlockRows], openHigh[kBlockRows], decided[kBlockRows];
      uint32_t openRow[kBlockRows], decidedRow[kBlockRows];
      uint8_t* atHigh = choice + first;
      kernel(block, least, atLow);
      block.base = above.base(0);
      block.weight = above.weight(0, 0);
      kernel(block, least, atHigh);
      size_t open = 0, same = 0;
      for (size_t i = 0; i < block.rows; ++i) {
        const auto row = static_cast<uint32_t>(first + i);
        const bool differs = atLow[i] != atHigh[i];
        openRow[open] = decidedRow[same] = row;
        openLow[open] = atLow[i];
        openHigh[open] = decided[same] = atHigh[i];
        open += differs ? 1 : 0;
        same += differs ? 0 : 1;
      }
      part.decided.add({decidedRow, same}, {decided, same});
      part.low.add({openRow, open}, {openLow, open});
      part.high.add({openRow, open}, {openHigh, open});
      for (size_t o = 0; o < open; ++o) add(problem, openRow[o], openLow[o], openHigh[o], below, above, part.between);
    });
  });
  Cells decided(problem), atLow(problem), atHigh(problem);
  Between all;
  size_t rows = 0, candidates = 0;
  for (const Part& part : parts) {
    rows += part.between.open.size();
    candidates += part.between.open.candidates();
  }
  all.open = RowSet(problem.quantities.size(), limits);
  all.open.reserve(rows, candidates);
  for (const Part& part : parts) {
    decided.add(part.decided);
    atLow.add(part.low);
    atHigh.add(part.high);
    all.open.append(part.between.open);
    all.low.insert(all.low.end(), part.between.low.begin(), part.between.low.end());
    all.high.insert(all.high.end(), part.between.high.begin(), part.between.high.end());
  }
  all.open.decided.objective = decided.objective();
  for (size_t l = 0; l < limits; ++l)
    all.open.decided.limit[l] = problem.limits[l].sign() * decided.total(problem.limits[l]);
  const Limit& limit = problem.limits[priced];
  const auto line = [&](double price, const Cells& open) {
    return Line{price, all.open.decided.objective + open.objective(),
                all.open.decided.limit[priced] + limit.sign() * (open.total(limit) - limit.bound)};
  };
  all.below = line(low, atLow);
  all.above = line(high, atHigh);
  return all;
}

}  // namespace omnirouter::assignment
