#include "assignment/solver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/direct.h"
#include "assignment/exact.h"
#include "assignment/lattice.h"
#include "assignment/open_plan.h"
#include "assignment/price_search.h"
#include "assignment/recovery.h"
#include "errors.h"

namespace omnirouter::assignment {

namespace {

// Batches up to this size are searched exactly: all rows, and all models whose regret is below the gap.
constexpr size_t kExactRows = 512;
// A tie-break may cost this share of the objective's own spread.
constexpr double kTieBreak = 1e-7;

struct Attempt {
  std::vector<uint8_t> choice;
  Eigen::VectorXd prices;
  bool feasible = false;
  bool exhausted = false;  // searched exactly: feasible is then the truth, and choice optimal
  double spread = 0;       // of the objective over all rows: Solution::gap
  double rounding = 0;     // what rounding the limits (lattice.h) adds to the dual at these prices
  int evaluations = 0;
};

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
  result.feasible = plan.violations() == 0;
  for (size_t i = 0; i < plan.rows().size(); ++i) result.choice[plan.rows()[i].id] = plan.chosen(i).model;
}

Attempt attempt(const Problem& given, const Terms& terms, const Options& options, const compute::CancelFlag& cancel) {
  if (std::optional<Direct> direct = solveDirectly(given, terms))
    return {
        .choice = std::move(direct->choice), .prices = std::move(direct->prices), .feasible = true, .exhausted = true};
  const Problem stated = onLattice(given);
  const Problem problem = withTieBreak(stated, terms);
  Eigen::VectorXd warm;
  if (!options.warmStart.empty())
    warm = Eigen::Map<const Eigen::VectorXd>(options.warmStart.data(),
                                             static_cast<Eigen::Index>(options.warmStart.size()));
  PriceSearch search =
      searchPrices(problem, terms, warm.size() ? &warm : nullptr, options.gapTolerance, options.seed, cancel);

  Attempt result;
  result.prices = search.prices;
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
    result.feasible = recovery.feasible;
    if (result.feasible || level == 0) break;
  }

  if (problem.rows <= kExactRows && options.nodeLimit > 0) {
    searchAll(problem, terms, search, options.nodeLimit, result, cancel);
    // What is proven must be proven of the objective as stated; the tie-broken plan stands unless that has a better one.
    if (stated.tieBreak >= 0) searchAll(stated, terms, search, options.nodeLimit, result, cancel);
  }
  return result;
}

// Below this share of the workload's spread an objective counts as zero.
constexpr double kNegligibleObjective = 1e-6;

double relativeGap(double objective, double bound, double spread) {
  const double size = std::max({std::abs(objective), std::abs(bound), kNegligibleObjective * spread});
  return size == 0 ? 0.0 : std::max(0.0, objective - bound) / size;
}

// The problem that meets limit l as well as the others allow.
Problem reachProblem(const Problem& problem, size_t l) {
  const Limit& limit = problem.limits[l];
  Problem reach = problem;
  std::fill(reach.objective.begin(), reach.objective.end(), 0.0);
  reach.objective[static_cast<size_t>(limit.quantity)] = limit.sign();
  reach.objectiveGroup = limit.group;
  reach.tieBreak = -1;
  reach.limits.erase(reach.limits.begin() + static_cast<ptrdiff_t>(l));
  return reach;
}

// Total violation of a plan in natural units, to compare plans that miss.
double missed(const Certificate& certificate, const Problem& problem) {
  double sum = 0;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    sum += std::max(0.0, -certificate.slack[l] - tolerance(problem.limits[l])) /
           std::max(1e-300, std::abs(problem.limits[l].bound) + 1e-9 * static_cast<double>(problem.rows));
  return sum;
}

class Solve {
 public:
  Solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel)
      : problem_(problem), options_(options), cancel_(cancel), terms_(problem) {}

  Solution run() {
    const Attempt first = attempt(problem_, terms_, options_, cancel_);
    adopt(first);
    if (solution_.certificate.holds) return finish(first.exhausted);
    if (first.exhausted) solution_.status = Status::infeasible;
    if (!options_.diagnose) return std::move(solution_);
    proveByRay(first);
    tryReaching();
    if (solution_.certificate.holds) return finish(false);
    return std::move(solution_);
  }

 private:
  void adopt(const Attempt& attempt) {
    solution_.choice = attempt.choice;
    solution_.prices.assign(attempt.prices.begin(), attempt.prices.end());
    solution_.evaluations += attempt.evaluations;
    spread_ = attempt.spread;
    solution_.certificate = certify(problem_, solution_.prices, solution_.choice.data(), cancel_);
    solution_.bound = solution_.certificate.dual + attempt.rounding;
    solution_.gap = relativeGap(solution_.certificate.objective, solution_.bound, spread_);
  }

  Solution finish(bool exhausted) {
    if (exhausted) solution_.bound = solution_.certificate.objective;
    solution_.gap = relativeGap(solution_.certificate.objective, solution_.bound, spread_);
    // A gap of a few roundings of the sums is none.
    solution_.status = exhausted || solution_.gap <= 1e-12      ? Status::optimal
                       : solution_.gap <= options_.gapTolerance ? Status::withinTolerance
                                                                : Status::feasible;
    solution_.conflict.clear();
    solution_.reachable.clear();
    return std::move(solution_);
  }

  // Prices that grew without bound point along a dual ray, if the limits conflict.
  void proveByRay(const Attempt& attempt) {
    if (attempt.prices.size() == 0) return;
    const double largest = attempt.prices.maxCoeff();
    if (!(largest > 0)) return;
    std::vector<double> ray(attempt.prices.begin(), attempt.prices.end());
    for (double& price : ray) price /= largest;
    double magnitude = 0;
    const double value = rayValue(onLattice(problem_), ray, magnitude, cancel_);
    if (!(value > 1e-12 * magnitude)) return;
    solution_.status = Status::infeasible;
    for (size_t l = 0; l < ray.size(); ++l)
      if (ray[l] > 0) solution_.conflict.push_back(static_cast<int>(l));
  }

  // For every floor or budget: the best value it can have while everything else holds. That settles feasibility where
  // the ray did not, and may find the plan that rounding missed.
  void tryReaching() {
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      if (limit.quantity == kRequests || limit.model != kAll) continue;
      const Problem reach = reachProblem(problem_, l);
      const Terms terms(reach);
      Options options = options_;
      options.warmStart = {};
      const Attempt best = attempt(reach, terms, options, cancel_);
      solution_.evaluations += best.evaluations;
      const std::vector<double> prices(best.prices.begin(), best.prices.end());
      const Certificate certificate = certify(reach, prices, best.choice.data(), cancel_);
      const double sign = limit.sign();
      // A plan may use the tolerance of every other limit, worth its price, and sums round.
      double dual = certificate.dual + best.rounding - 1e-12 * std::abs(certificate.dual);
      for (size_t m = 0; m < prices.size(); ++m)
        dual -= prices[m] * (tolerance(reach.limits[m]) + 1e-12 * std::abs(reach.limits[m].bound));
      Reachable reachable;
      reachable.limit = static_cast<int>(l);
      reachable.found = certificate.holds;
      reachable.value = sign * certificate.objective;
      reachable.bound = sign * (best.exhausted && certificate.holds ? certificate.objective : dual);
      solution_.reachable.push_back(reachable);
      if (sign * reachable.bound > sign * limit.bound + tolerance(limit) && solution_.status != Status::infeasible) {
        solution_.status = Status::infeasible;
        solution_.conflict = {static_cast<int>(l)};
        for (size_t m = 0; m < prices.size(); ++m)
          if (prices[m] > 0) solution_.conflict.push_back(static_cast<int>(m < l ? m : m + 1));
        std::sort(solution_.conflict.begin(), solution_.conflict.end());
      }
      const Certificate here = certify(problem_, solution_.prices, best.choice.data(), cancel_);
      if (here.holds ||
          (!solution_.certificate.holds && missed(here, problem_) < missed(solution_.certificate, problem_))) {
        solution_.choice = best.choice;
        solution_.certificate = here;
        solution_.gap = relativeGap(here.objective, solution_.bound, spread_);
        if (here.holds) return;
      }
    }
  }

  const Problem& problem_;
  const Options& options_;
  const compute::CancelFlag& cancel_;
  const Terms terms_;
  double spread_ = 0;
  Solution solution_;
};

}  // namespace

Solution solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel) {
  checkProblem(problem);
  if (!options.warmStart.empty() && options.warmStart.size() != problem.limits.size())
    throw InvalidArgument("warmStart", "warmStart must have a price for every limit");
  for (const double price : options.warmStart)
    if (!(price >= 0 && price <= kLargestNumber))
      throw InvalidArgument("warmStart", "warmStart prices must be from 0 to 1e100");
  return Solve(problem, options, cancel).run();
}

}  // namespace omnirouter::assignment
