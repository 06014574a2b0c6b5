#include "assignment/deal_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// What it costs a model to be ahead of the others in taking its share, in the natural size of what a row is worth: enough
// to break ties evenly.
constexpr double kAhead = 0.02;

// How many of a slice's rows go to each model, per kind.
using Quota = std::vector<uint32_t>;

// Of what is left, the share that is fair to a slice with so many rows of each kind, by largest remainder.
Quota takeShare(const RowSet& kinds, size_t models, const std::vector<size_t>& rows, std::vector<double>& left,
                std::vector<double>& rowsLeft) {
  Quota quota(kinds.size() * models, 0);
  std::vector<size_t> order;
  size_t first = 0;
  for (size_t k = 0; k < kinds.size(); ++k) {
    const auto candidates = kinds[k].models;
    const double share = rowsLeft[k] > 0 ? static_cast<double>(rows[k]) / rowsLeft[k] : 0;
    const auto fraction = [&](size_t c) { return share * left[first + c] - std::floor(share * left[first + c]); };
    size_t missing = rows[k];
    order.clear();
    for (size_t c = 0; c < candidates.size(); ++c) {
      const double whole = std::floor(share * left[first + c]);
      quota[k * models + candidates[c]] = static_cast<uint32_t>(whole);
      missing -= static_cast<size_t>(whole);
      if (fraction(c) > 0) order.push_back(c);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return fraction(a) > fraction(b); });
    for (size_t n = 0; n < missing && n < order.size(); ++n) ++quota[k * models + candidates[order[n]]];
    for (size_t c = 0; c < candidates.size(); ++c) left[first + c] -= quota[k * models + candidates[c]];
    rowsLeft[k] -= static_cast<double>(rows[k]);
    first += candidates.size();
  }
  return quota;
}

// Each row in turn gets the model that is best for it, of those that still have room. A model that is ahead in filling
// its share is held back a little, so that none runs out early and ties are spread evenly.
void dealSlice(const Problem& problem, const KindCounts& counts, const LeftOut& leftOut, compute::Range rows,
               Quota& quota, std::vector<uint8_t>& choice) {
  constexpr float kFull = std::numeric_limits<float>::infinity();
  const size_t models = problem.models;
  std::vector<float> level(quota.size()), step(quota.size());
  for (size_t k = 0; k < counts.kinds.size(); ++k)
    for (size_t j = 0; j < models; ++j) {
      const size_t at = k * models + j;
      level[at] = quota[at] == 0 ? kFull : static_cast<float>(leftOut.price(counts.kinds[k].group, j));
      step[at] = quota[at] == 0 ? 0.0f : static_cast<float>(kAhead / quota[at]);
    }
  std::vector<std::pair<const float*, float>> weighed;
  for (size_t q = 0; q < leftOut.worth().size(); ++q)
    if (leftOut.worth()[q] != 0) weighed.emplace_back(problem.row(q, 0), static_cast<float>(leftOut.worth()[q]));
  const bool oneKind = counts.kinds.size() == 1;
  size_t kind = 0;
  RowKind last{};
  float score[kMaxModels];
  for (size_t i = rows.begin; i < rows.end; ++i) {
    if (!oneKind) {
      const RowKind own = kindOf(problem, i);
      if (i == rows.begin || own < last || last < own) kind = counts.placeOf(own);
      last = own;
    }
    float* height = level.data() + kind * models;
    std::copy_n(height, models, score);
    for (const auto& [values, weight] : weighed)
      for (size_t j = 0; j < models; ++j) score[j] += weight * values[i * models + j];
    size_t best = 0;
    for (size_t j = 1; j < models; ++j)
      if (score[j] < score[best]) best = j;
    choice[i] = static_cast<uint8_t>(best);
    const size_t at = kind * models + best;
    height[best] = --quota[at] == 0 ? kFull : height[best] + step[at];
  }
}

}  // namespace

std::vector<uint8_t> dealRows(const Problem& problem, const KindCounts& counts, const RowSet& kinds,
                              std::span<const double> rows, const LeftOut& leftOut, const compute::CancelFlag& cancel) {
  std::vector<double> left(rows.begin(), rows.end()), rowsLeft;
  for (size_t k = 0; k < kinds.size(); ++k) rowsLeft.push_back(kinds[k].copies);
  std::vector<Quota> quotas;
  for (const std::vector<size_t>& slice : counts.inSlice)
    quotas.push_back(takeShare(kinds, problem.models, slice, left, rowsLeft));
  std::vector<uint8_t> choice(problem.rows);
  const compute::Chunks slices = slicesOf(problem);
  compute::Pool::shared().forEachChunk(slices.count(), [&](size_t slice) {
    cancel.throwIfRaised();
    dealSlice(problem, counts, leftOut, slices[slice], quotas[slice], choice);
  });
  return choice;
}

}  // namespace omnirouter::assignment
