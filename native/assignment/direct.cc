#include "assignment/direct.h"

#include <algorithm>
#include <limits>

#include "assignment/cells.h"
#include "assignment/equal_models.h"
#include "assignment/row_blocks.h"

namespace omnirouter::assignment {

namespace {

// Rows that are looked at for ties.
constexpr size_t kTieSample = 256;

// What a model would cost a row: the objective, then the tie-break.
struct Worth {
  double objective = std::numeric_limits<double>::infinity(), tieBreak = objective;
  bool operator<(const Worth& other) const {
    return objective != other.objective ? objective < other.objective : tieBreak < other.tieBreak;
  }
};

Worth worthOf(const Problem& problem, size_t row, size_t model) {
  const auto value = [&](size_t k) { return static_cast<double>(problem.row(k, row)[model]); };
  Worth worth{0, 0};
  for (size_t k = 0; k < problem.quantities.size(); ++k)
    worth.objective += problem.weight(k, problem.group(row)) * value(k);
  if (problem.tieBreak >= 0)
    worth.tieBreak = problem.tieSign() * value(static_cast<size_t>(problem.tieBreak));
  return worth;
}

// The best of a row's models that `admits` lets through; problem.models if none.
template <class Admits>
size_t bestModel(const Problem& problem, size_t row, const Admits& admits) {
  Worth best;
  size_t which = problem.models;
  for (size_t j = 0; j < problem.models; ++j) {
    if ((problem.allowedModels(row) >> j & 1) == 0) continue;
    const Worth worth = worthOf(problem, row, j);
    if (!(worth < best) || !admits(j)) continue;
    best = worth;
    which = j;
  }
  return which;
}

// Every row's best model; of equals the one that the tie-break prefers, if there are many. Returns whether it was asked.
bool chooseBest(const Problem& problem, std::vector<uint8_t>& choice) {
  choice.resize(problem.rows);
  // At prices of 0, reduced values are objectives.
  thread_local Reduced objective;
  static constexpr double kFree[kMaxLimits] = {};
  objective.tabulate(problem, {kFree, problem.limits.size()});
  const LeastReduced kernel = leastReduced(compute::isa());
  double least[kBlockRows];
  forEachBlock(problem, objective, {0, problem.rows},
               [&](size_t first, const LeastReducedBlock& block) { kernel(block, least, choice.data() + first); });
  if (problem.tieBreak < 0) return false;
  // Where there is no tie in some rows spread over the batch, those in others do not make a search worth its while.
  const EqualModels equal(problem);
  const size_t step = 1 + problem.rows / kTieSample;
  for (size_t i = 0; i < problem.rows; i += step)
    if (equal.mayHave(i, choice[i]) && equal.differ(i, equal.of(i, choice[i]))) {
      for (size_t r = 0; r < problem.rows; ++r) choice[r] = static_cast<uint8_t>(equal.best(r, choice[r]));
      return true;
    }
  return false;
}

bool holds(const Problem& problem, const std::vector<uint8_t>& choice) {
  thread_local Cells cells;
  cells.clear(problem);
  cells.add(0, choice);
  for (const Limit& limit : problem.limits)
    if (limit.sign() * cells.total(limit) > farthest(limit)) return false;
  return true;
}

// What a limit counts of a batch of one row.
double amountAlone(const Problem& problem, const Limit& limit, size_t model) {
  if (limit.model != kAll && limit.model != static_cast<int>(model)) return 0;
  if (!limit.covers(static_cast<int>(problem.group(0)))) return 0;
  if (limit.quantity == kRequests) return 1;
  return static_cast<double>(problem.row(static_cast<size_t>(limit.quantity), 0)[model]);
}

bool holdsAlone(const Problem& problem, size_t model) {
  return std::all_of(problem.limits.begin(), problem.limits.end(), [&](const Limit& limit) {
    return limit.sign() * amountAlone(problem, limit, model) <= farthest(limit);
  });
}

// One row: a line r_j(y) = value + y slope per model, in the price of one limit.
struct Lines {
  size_t count = 0;
  double value[kMaxModels], slope[kMaxModels];

  // Where the least of the lines is greatest over y >= 0: along the lower envelope until it no longer rises.
  double peak() const {
    size_t at = 0;
    for (size_t j = 1; j < count; ++j)
      if (value[j] < value[at] || (value[j] == value[at] && slope[j] < slope[at])) at = j;
    double y = 0;
    while (slope[at] > 0) {
      double next = std::numeric_limits<double>::infinity();
      size_t to = at;
      for (size_t j = 0; j < count; ++j) {
        if (!(slope[j] < slope[at])) continue;
        const double meets = (value[j] - value[at]) / (slope[at] - slope[j]);
        if (meets < next || (meets == next && slope[j] < slope[to])) {
          next = meets;
          to = j;
        }
      }
      if (to == at) return y;  // rises for ever: no model can hold the limit
      y = next;
      at = to;
    }
    return y;
  }
};

// Prices of one row's limits: each in turn the best for those before it (one round of coordinate ascent on the dual).
// With one limit in the way, the usual case, that is the dual's optimum: the slope between two models.
void priceRow(const Problem& problem, Eigen::VectorXd& prices) {
  const size_t limits = problem.limits.size();
  prices.setZero(static_cast<Eigen::Index>(limits));
  Lines lines;
  size_t model[kMaxModels];
  for (size_t j = 0; j < problem.models; ++j) {
    if ((problem.allowedModels(0) >> j & 1) == 0) continue;
    model[lines.count] = j;
    lines.value[lines.count++] = worthOf(problem, 0, j).objective;
  }
  for (size_t l = 0; l < limits; ++l) {
    const Limit& limit = problem.limits[l];
    const auto adds = [&](size_t j) { return limit.sign() * (amountAlone(problem, limit, j) - limit.bound); };
    // A capacity with room, which most are.
    if (limit.model != kAll && limit.sign() * limit.bound >= 0 && adds(static_cast<size_t>(limit.model)) <= 0) continue;
    bool rises = false;
    for (size_t c = 0; c < lines.count; ++c) {
      lines.slope[c] = adds(model[c]);
      rises |= lines.slope[c] > 0;
    }
    if (!rises) continue;
    const double price = lines.peak();
    prices[static_cast<Eigen::Index>(l)] = price;
    for (size_t c = 0; c < lines.count; ++c) lines.value[c] += price * lines.slope[c];
  }
}

}  // namespace

bool solveDirectly(const Problem& problem, Direct& direct) {
  direct.tied = false;
  if (problem.rows > kMostDirectRows) return false;
  direct.tied = chooseBest(problem, direct.choice);
  if (problem.rows == 1 ? holdsAlone(problem, direct.choice[0]) : holds(problem, direct.choice)) {
    direct.prices.setZero(static_cast<Eigen::Index>(problem.limits.size()));
    return true;
  }
  if (problem.rows != 1) return false;
  const size_t best = bestModel(problem, 0, [&](size_t j) { return holdsAlone(problem, j); });
  if (best == problem.models) return false;
  direct.choice[0] = static_cast<uint8_t>(best);
  priceRow(problem, direct.prices);
  return true;
}

}  // namespace omnirouter::assignment
