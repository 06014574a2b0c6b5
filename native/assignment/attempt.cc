#include "assignment/attempt.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "assignment/direct.h"
#include "assignment/exact.h"
#include "assignment/lattice.h"
#include "assignment/open_plan.h"
#include "assignment/price_search.h"
#include "assignment/recovery.h"

namespace omnirouter::assignment {

namespace {

// Batches up to this size are searched exactly: all rows, and all models whose regret is below the gap.
constexpr size_t kExactRows = 512;
// A tie-break may cost this share of the objective's own spread.
constexpr double kTieBreak = 1e-7;

// The problem with its tie-break folded into the objective, small enough to matter between equals only.
Problem withTieBreak(const Problem& problem, const Terms& terms) {
  if (problem.tieBreak < 0 || problem.rows == 0) return problem;
  const RowSet sample = openRows(problem, RowSample(problem.rows, 256, 0));
  Problem tied = problem;
  Problem only = problem;
  std::fill(only.objective.begin(), only.objective.end(), 0.0);
  only.objective[static_cast<size_t>(problem.tieBreak)] = 1;
  const double own = measureScale(problem, terms, sample).objective,
               other = measureScale(only, terms, sample).objective;
  tied.objective[static_cast<size_t>(problem.tieBreak)] += kTieBreak * own / other;
  return tied;
}

// Searches the whole batch exactly from the attempt's choice.
void searchAll(const Problem& problem, const Terms& terms, const PriceSearch& search, size_t nodeLimit, Attempt& result,
               const compute::CancelFlag& cancel) {
  OpenPlan plan(problem, terms, search.scale, search.prices, Sums(problem.limits.size()));
  const RowSet rows = openRows(problem, RowSample::all(problem.rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowSet::Row row = rows[i];
    const auto at = std::find(row.models.begin(), row.models.end(), result.choice[row.id]);
    plan.add(row, at == row.models.end() ? 0 : static_cast<size_t>(at - row.models.begin()));
  }
  result.exhausted = searchExact(problem, plan, nodeLimit, cancel) == Search::exhausted;
  result.outOfNodes = !result.exhausted && !cancel.timeIsUp();
  for (size_t i = 0; i < plan.rows().size(); ++i) result.choice[plan.rows()[i].id] = plan.chosen(i).model;
}

}  // namespace

Attempt attempt(const Problem& given, const Terms& terms, const Options& options, const compute::CancelFlag& cancel) {
  if (std::optional<Direct> direct = solveDirectly(given, terms))
    return {.choice = std::move(direct->choice), .prices = std::move(direct->prices), .exhausted = true};
  const Problem stated = onLattice(given);
  const Problem problem = withTieBreak(stated, terms);
  const auto vector = [](std::span<const double> values) -> Eigen::VectorXd {
    return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
  };
  const WarmStart warm{vector(options.warmStart), vector(options.warmReach)};
  PriceSearch search = searchPrices(problem, terms, options.warmStart.empty() ? nullptr : &warm, options.gapTolerance,
                                    options.seed, cancel);

  Attempt result;
  result.prices = search.prices;
  result.diverged = search.diverged;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    result.rounding +=
        search.prices[static_cast<Eigen::Index>(l)] * std::abs(given.limits[l].bound - stated.limits[l].bound);
  result.spread = search.scale.objective * static_cast<double>(problem.rows);
  result.evaluations = search.evaluations;
  result.choice = std::move(search.choice);

  // The narrowest level with rows enough for a search; if that fails, wider ones.
  const size_t wanted = 1024 + 24 * problem.models;
  size_t level = search.levels.size() - 1;
  while (level > 0 && search.levels[level].size() < wanted) --level;
  for (;; --level) {
    const Recovery recovery = recover(problem, terms, search.levels[level], search.scale, search.prices, search.tau,
                                      options.gapTolerance, result.choice.data(), cancel);
    if (recovery.feasible || level == 0 || cancel.timeIsUp()) break;
  }

  if (problem.rows <= kExactRows && options.nodeLimit > 0 && !cancel.timeIsUp()) {
    searchAll(problem, terms, search, options.nodeLimit, result, cancel);
    // What is proven must be proven of the objective as stated; the tie-broken plan stands unless that has a better one.
    if (stated.tieBreak >= 0) searchAll(stated, terms, search, options.nodeLimit, result, cancel);
  }
  return result;
}

}  // namespace omnirouter::assignment
