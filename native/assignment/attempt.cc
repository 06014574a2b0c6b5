#include "assignment/attempt.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "assignment/count_plan.h"
#include "assignment/direct.h"
#include "assignment/lattice.h"
#include "assignment/price_search.h"
#include "assignment/recovery.h"
#include "assignment/simplex.h"
#include "assignment/vertex_plan.h"

namespace omnirouter::assignment {

namespace {

// Batches up to this size are searched exactly: all rows, and all models whose regret is below the gap.
constexpr size_t kExactRows = 512;
// ... of few rows with so many times the nodes: each row is much of the whole, and prices say little of it.
constexpr size_t kFewRowsNodes = 50;
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

// The prices of a small batch, at a vertex of its dual (simplex.h).
std::optional<PriceSearch> searchVertex(const Problem& problem, const Terms& terms, std::span<const double> warmStart,
                                        const compute::CancelFlag& cancel) {
  if (!Simplex::suits(problem)) return {};
  thread_local Simplex simplex;  // its memory serves the next batch
  PriceSearch search;
  RowSet rows = openRows(problem, RowSample::all(problem.rows));
  search.scale = measureScale(problem, terms, rows);
  search.prices = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem.limits.size()));
  std::copy(warmStart.begin(), warmStart.end(), search.prices.begin());
  const Simplex::Outcome outcome = simplex.maximise(problem, terms, search.scale, cancel, search.prices);
  if (outcome == Simplex::Outcome::stopped && !cancel.timeIsUp()) return {};
  search.evaluations = simplex.steps();
  search.diverged = outcome == Simplex::Outcome::unbounded;
  search.choice.resize(problem.rows);
  simplex.roundTo(search.choice.data());
  search.levels.push_back(std::move(rows));
  return search;
}

}  // namespace

Attempt attempt(const Problem& given, const Terms& terms, const Options& options, const compute::CancelFlag& cancel,
                double highestPrice) {
  if (std::optional<Direct> direct = solveDirectly(given, terms))
    return {.choice = std::move(direct->choice), .prices = std::move(direct->prices), .exhausted = true};
  const Problem stated = onLattice(given);
  const Problem problem = withTieBreak(stated, terms);
  const auto vector = [](std::span<const double> values) -> Eigen::VectorXd {
    return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
  };
  const WarmStart warm{vector(options.warmStart), vector(options.warmReach)};
  std::optional<PriceSearch> vertex = searchVertex(problem, terms, options.warmStart, cancel);
  if (!vertex && problem.rows > kExactRows)
    if (std::optional<CountPlan> plan = planByCounts(problem, options, cancel))
      return {.choice = std::move(plan->choice),
              .prices = std::move(plan->prices),
              .diverged = plan->conflict,
              .spread = plan->scale * static_cast<double>(problem.rows),
              .evaluations = plan->evaluations};
  PriceSearch search = vertex ? std::move(*vertex)
                              : searchPrices(problem, terms, options.warmStart.empty() ? nullptr : &warm,
                                             options.gapTolerance, options.seed, cancel, highestPrice);

  Attempt result;
  result.prices = search.prices;
  result.diverged = search.diverged;
  result.gaveUp = search.diverged && !vertex && highestPrice < PriceBox::kDivergence;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    result.rounding +=
        search.prices[static_cast<Eigen::Index>(l)] * std::abs(given.limits[l].bound - stated.limits[l].bound);
  result.spread = search.scale.objective * static_cast<double>(problem.rows);
  result.evaluations = search.evaluations;
  result.choice = std::move(search.choice);
  if (result.gaveUp) return result;

  const bool exact = options.nodeLimit > 0 && (vertex || problem.rows <= kExactRows);
  const size_t nodeLimit = (problem.rows <= kFewRows ? kFewRowsNodes : 1) * options.nodeLimit;
  // Few rows are searched to the end: a plan is then optimal or not there.
  const double enough = problem.rows <= kFewRows ? 0 : options.gapTolerance;
  size_t nodes = nodeLimit;
  const auto take = [&](const VertexPlan& plan) {
    nodes -= plan.nodes;
    result.exhausted = plan.exhausted;
    result.outOfNodes = !plan.exhausted && !plan.enough && !cancel.timeIsUp();
    return plan.found;
  };
  const RowSet every = exact && !vertex ? openRows(problem, RowSample::all(problem.rows)) : RowSet();
  const RowSet& rows = vertex ? search.levels.front() : every;
  const bool found = vertex && exact && !search.diverged && !cancel.timeIsUp() &&
                     take(planAtVertex(problem, terms, rows, search.scale, search.prices, enough, nodes,
                                       result.choice.data(), cancel));
  if (!found) {
    // A plan is rounded better from weights at a temperature than at the vertex, where only split rows have any.
    std::optional<PriceSearch> smoothed;
    if (vertex && !search.diverged && !result.exhausted && !cancel.timeIsUp())
      smoothed = searchPrices(problem, terms, nullptr, options.gapTolerance, options.seed, cancel);
    const PriceSearch& from = smoothed ? *smoothed : search;
    if (smoothed) {
      result.choice = smoothed->choice;
      result.evaluations += smoothed->evaluations;
    }
    // The narrowest level with rows enough for a search; if that fails, wider ones.
    const size_t wanted = 1024 + 24 * problem.models;
    size_t level = from.levels.size() - 1;
    while (level > 0 && from.levels[level].size() < wanted) --level;
    for (;; --level) {
      const Recovery recovery = recover(problem, terms, from.levels[level], from.scale, from.prices, from.tau,
                                        options.gapTolerance, result.choice.data(), cancel);
      if (recovery.feasible || level == 0 || cancel.timeIsUp()) break;
    }
  }
  const auto improve = [&](const Problem& of) {
    take(improveAtVertex(of, terms, rows, search.scale, search.prices, enough, nodes, result.choice.data(), cancel));
  };
  if (exact && !found && !result.exhausted && !cancel.timeIsUp()) improve(problem);
  // What is proven must be proven of the objective as stated; the tie-broken plan stands unless that has a better one.
  if (exact && stated.tieBreak >= 0 && !cancel.timeIsUp()) {
    nodes = nodeLimit;
    improve(stated);
  }
  return result;
}

}  // namespace omnirouter::assignment
