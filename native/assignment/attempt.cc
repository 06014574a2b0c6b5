#include "assignment/attempt.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "assignment/allowance.h"
#include "assignment/approach.h"
#include "assignment/cells.h"
#include "assignment/certificate.h"
#include "assignment/count_plan.h"
#include "assignment/direct.h"
#include "assignment/equal_models.h"
#include "assignment/exact.h"
#include "assignment/group_plans.h"
#include "assignment/lattice.h"
#include "assignment/price_search.h"
#include "assignment/recovery.h"
#include "assignment/row_blocks.h"
#include "assignment/simplex.h"
#include "assignment/vertex_plan.h"

namespace omnirouter::assignment {

namespace {

// Batches up to this size are searched exactly: all rows, and all models whose regret is below the gap.
constexpr size_t kExactRows = 512;
// Where groups can be searched by themselves, the search of all rows first gets this share of the nodes.
constexpr size_t kShareOfWhole = 2;
// Where a search of the usual nodes leaves a larger gap, the plan is improved row by row, and searched from there with so
// many times the nodes.
constexpr double kWorthMore = 2e-4;
constexpr size_t kMoreNodes = 5;
// A tie-break may cost this share of the objective's own spread.
constexpr double kTieBreak = 1e-7;
// What getting ready takes, in readings of all values (compute/work.h).
constexpr uint64_t kPrepared = 3;
// What making a plan of the prices takes once time is up, in readings of all values, several threads at it.
constexpr uint64_t kRounding = 6;
// The share of the work left that the search for prices may be, and the one that a plan is worth where none can hold all limits, as it seems.
constexpr double kForPrices = 0.6, kWorthOfMissing = 0.25;
// Of a bound, a few roundings of a double.
constexpr double kRoundings = 0x1p-50;
// Rows of a large batch that are looked at for ties.
constexpr size_t kTieSample = 1024;

// What an attempt is made in. A thread's next small batch takes place in the same memory; large ones have their own, as they
// may make other attempts on the way (count_plan.h).
struct Buffers {
  Direct direct;
  Problem stated, tied;
  RowSet rows;
  Scale scale;
  Simplex simplex;
};

// Folds the tie-break into the objective, small enough to matter between equals only.
void addTieBreak(const Problem& problem, const Terms& terms, Problem& tied) {
  thread_local Problem only;
  thread_local RowSet sample;
  thread_local Scale scale;
  openRows(problem, RowSample(problem.rows, 256, 0), sample);
  only = problem;
  std::fill(only.objective.begin(), only.objective.end(), 0.0);
  only.objective[static_cast<size_t>(problem.tieBreak)] = 1;
  measureScale(problem, terms, sample, scale);
  const double own = scale.objective;
  measureScale(only, terms, sample, scale);
  tied = problem;
  tied.objective[static_cast<size_t>(problem.tieBreak)] += problem.tieSign() * kTieBreak * own / scale.objective;
}

// Of many rows, whether the tie-break tells apart some row's best models.
bool isTiedInSample(const Problem& problem) {
  if (problem.rows <= kMostDirectRows) return false;  // all have been looked at
  const RowSample sample(problem.rows, kTieSample, 0);
  const std::vector<double> free(problem.limits.size(), 0.0);
  const Reduced objective(problem, free);
  const LeastReduced kernel = leastReduced(compute::isa());
  const EqualModels equal(problem);
  bool tied = false;
  for (size_t b = 0; b < sample.blocks() && !tied; ++b)
    forEachBlock(problem, objective, sample[b], [&](size_t first, const LeastReducedBlock& block) {
      double least[kBlockRows];
      uint8_t which[kBlockRows];
      kernel(block, least, which);
      for (size_t i = 0; i < block.rows; ++i)
        tied |= equal.mayHave(first + i, which[i]) && equal.differ(first + i, equal.of(first + i, which[i]));
    });
  return tied;
}

double objectiveOf(const Problem& problem, const std::vector<uint8_t>& choice) {
  thread_local Cells cells;
  cells.clear(problem);
  cells.add(0, choice);
  return cells.objective();
}

// Whether the gap that a search left is worth more of it.
bool mayGain(const Problem& problem, const Eigen::VectorXd& prices, const std::vector<uint8_t>& choice,
             const compute::CancelFlag& cancel) {
  thread_local Certificate plan;
  certify(problem, {prices.data(), static_cast<size_t>(prices.size())}, choice.data(), cancel, plan);
  return plan.holds && plan.objective - plan.dual > kWorthMore * std::abs(plan.objective);
}

// The narrowest level with rows enough for a search; if that fails, wider ones.
void recoverFrom(const Problem& problem, const Terms& terms, const PriceSearch& search, double gapTolerance,
                 uint8_t* choice, const compute::CancelFlag& cancel) {
  const size_t wanted = 1024 + 24 * problem.models;
  size_t level = search.levels.size() - 1;
  while (level > 0 && (search.levels[level].counted() || search.levels[level].size() < wanted)) --level;
  for (;; --level) {
    const Recovery recovery = recover(problem, terms, search.levels[level], search.scale, search.prices, search.tau,
                                      gapTolerance, choice, cancel);
    if (recovery.feasible || level == 0 || cancel.mustEnd()) return;
  }
}

}  // namespace

void attempt(const Problem& given, const Terms& terms, const Options& options, const compute::CancelFlag& cancel,
             double highestPrice, Attempt& result) {
  thread_local Buffers kept;
  std::optional<Buffers> own;
  Buffers& buffers = given.rows > kExactRows ? own.emplace() : kept;
  result.diverged = result.gaveUp = result.exhausted = result.outOfNodes = false;
  result.spread = result.raise = result.rounding = 0;
  result.evaluations = 0;
  cancel.count(compute::WorkKind::entries, kPrepared * given.entries());
  if (solveDirectly(given, buffers.direct)) {
    result.choice = buffers.direct.choice;
    result.prices = buffers.direct.prices;
    result.exhausted = true;
    return;
  }
  const Problem& stated = buffers.stated;
  onLattice(given, buffers.stated);
  // A quantity to be kept small, cost mostly, is always weighed: it is a direction of descent where the objective has none, and
  // small batches gain by the second search. One to be kept large, where there are ties.
  const bool breaksTies = stated.tieBreak >= 0 && stated.rows > 0 &&
                          (!stated.tieLarge || buffers.direct.tied || isTiedInSample(stated) ||
                           (stated.rows <= kExactRows && objectiveHasLattice(stated)));
  if (breaksTies) addTieBreak(stated, terms, buffers.tied);
  const Problem& problem = breaksTies ? buffers.tied : stated;

  // The prices of a small batch are sought at a vertex of its dual (simplex.h), of others by cooling (price_search.h).
  RowSet& rows = buffers.rows;
  Scale& scale = buffers.scale;
  bool vertex = Simplex::suits(problem);
  if (vertex) {
    openRows(problem, RowSample::all(problem.rows), rows);
    measureScale(problem, terms, rows, scale);
    result.prices.setZero(static_cast<Eigen::Index>(problem.limits.size()));
    std::copy(options.warmStart.begin(), options.warmStart.end(), result.prices.begin());
    const Simplex::Outcome outcome = buffers.simplex.maximise(problem, terms, scale, cancel, result.prices);
    vertex = outcome != Simplex::Outcome::stopped || cancel.mustEnd();
    result.evaluations = buffers.simplex.steps();
    result.diverged = outcome == Simplex::Outcome::unbounded;
    result.choice.resize(problem.rows);
    buffers.simplex.roundTo(result.choice.data());
  }
  std::optional<PriceSearch> search;
  const auto cool = [&](const WarmStart* warmStart, double highest) {
    const compute::CancelFlag share = shareOf(cancel, kForPrices, kRounding * problem.entries());
    search = searchPrices(problem, terms, warmStart, options.gapTolerance, options.seed, share, highest);
    result.choice = search->choice;
    result.evaluations += search->evaluations;
  };
  if (!vertex && problem.rows > kExactRows)
    if (std::optional<CountPlan> plan = planByCounts(stated, options, cancel)) {
      result.choice = std::move(plan->choice);
      result.prices = std::move(plan->prices);
      result.diverged = plan->conflict;
      result.spread = plan->scale * static_cast<double>(problem.rows);
      result.evaluations = plan->evaluations;
      return;
    }
  if (!vertex) {
    const auto vector = [](std::span<const double> values) -> Eigen::VectorXd {
      return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
    };
    const WarmStart warm{vector(options.warmStart), vector(options.warmReach)};
    result.evaluations = 0;
    cool(options.warmStart.empty() ? nullptr : &warm, highestPrice);
    result.prices = search->prices;
    result.diverged = search->diverged;
    result.gaveUp = search->diverged && highestPrice < PriceBox::kDivergence;
    scale = search->scale;
  }
  result.spread = scale.objective * static_cast<double>(problem.rows);
  // What rounding the limits adds to D.
  const auto rounding = [&] {
    double raise = 0;
    for (size_t l = 0; l < problem.limits.size(); ++l) {
      const Limit &before = given.limits[l], &after = stated.limits[l];
      if (before.bound == after.bound) continue;
      // On its lattice, a limit needs no rounding.
      const double by = farthest(before) - after.sign() * after.bound - kRoundings * std::abs(after.bound);
      raise += result.prices[static_cast<Eigen::Index>(l)] * std::max(0.0, by);
    }
    return raise;
  };
  if (result.gaveUp) {
    result.raise = rounding();
    return;
  }

  const bool exact = options.nodeLimit > 0 && (vertex || problem.rows <= kExactRows);
  const size_t nodeLimit = allowedNodes(problem, options);
  // Few rows are searched to the end: a plan is then optimal or not there.
  const double enough = problem.rows <= kFewRows ? 0 : options.gapTolerance;
  size_t nodes = nodeLimit;
  double least = 0;
  const auto take = [&](const VertexPlan& plan) {
    nodes -= plan.nodes;
    least = plan.least;
    result.exhausted = plan.exhausted;
    result.outOfNodes = !plan.exhausted && !plan.enough && !cancel.mustEnd();
    return plan.found;
  };
  const auto improve = [&](const Problem& of) {
    take(improveAtVertex(of, terms, rows, scale, result.prices, enough, least, nodes, result.choice.data(), cancel));
  };
  if (exact && !vertex) openRows(problem, RowSample::all(problem.rows), rows);
  const auto goesOn = [&] { return !result.exhausted && !cancel.mustEnd(); };
  bool found = false;
  if (vertex && exact && !result.diverged && !cancel.mustEnd()) {
    const bool byGroups = suitsGroupPlans(problem);
    found = take(planAtVertex(problem, terms, rows, scale, result.prices, enough,
                              byGroups ? nodes / kShareOfWhole : nodes, result.choice.data(), cancel));
    if (byGroups && result.outOfNodes) {
      found = take(
          planByGroups(problem, terms, rows, scale, result.prices, enough, least, nodes, result.choice.data(), cancel));
      if (found && result.outOfNodes) improve(problem);
    }
  }
  if (!found) {
    // A plan is rounded better from weights at a temperature than at the vertex, where only split rows have any.
    if (vertex && !result.diverged && goesOn()) cool(nullptr, PriceBox::kDivergence);
    const compute::CancelFlag share = shareOf(cancel, result.diverged ? kWorthOfMissing : 1);
    if (search)
      recoverFrom(problem, terms, *search, options.gapTolerance, result.choice.data(), share);
    else
      recover(problem, terms, rows, scale, result.prices, 0, options.gapTolerance, result.choice.data(), share);
  }
  if (exact && !found && goesOn()) improve(problem);
  if (exact && problem.rows > kFewRows && result.outOfNodes && !cancel.mustEnd() &&
      mayGain(problem, result.prices, result.choice, cancel)) {
    recover(problem, terms, rows, scale, result.prices, 0, options.gapTolerance, result.choice.data(), cancel);
    nodes = kMoreNodes * nodeLimit;
    improve(problem);
  }
  if (exact && result.outOfNodes && !cancel.mustEnd())
    approachBound(problem, terms, rows, scale, result.prices, result.choice, cancel);
  // What is proven must be proven of the objective as stated; the tie-broken plan stands unless that has a better one.
  if (breaksTies) least = 0;
  if (exact && breaksTies && !cancel.mustEnd()) {
    nodes = nodeLimit;
    improve(stated);
  }
  result.raise = rounding() + least;
  if (result.exhausted)
    result.rounding = 2 * searchRounding(problem, result.prices, objectiveOf(stated, result.choice));
}

}  // namespace omnirouter::assignment
