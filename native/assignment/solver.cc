#include "assignment/solver.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "assignment/allowance.h"
#include "assignment/attempt.h"
#include "assignment/choose.h"
#include "assignment/lattice.h"
#include "assignment/reach.h"
#include "assignment/recovery.h"
#include "assignment/tie_break.h"
#include "assignment/ties.h"
#include "errors.h"

namespace omnirouter::assignment {

namespace {

// Below this share of the workload's spread an objective counts as zero.
constexpr double kNegligibleObjective = 1e-6;
// Batches so large are not improved row by row from a plan that was made for another end; smaller ones so often at most.
constexpr size_t kMostImproved = 65536;
constexpr int kMostRounds = 16;
// Shares of the work that the first attempt may be, and what is said of limits that cannot hold if these are to be moved then.
constexpr double kFirstAttempt = 0.75, kBeforeRelaxing = 0.5;
// The share of what is left that a search for a conflict may be, before the prices may rise further.
constexpr double kConflict = 0.5;
// A gap of a few roundings of the sums is none.
constexpr double kRounding = 1e-12;

// By how much a plan misses a limit, relative to its bound; of a bound of 0 there is no share: 1e-9 per row stands in for
// it.
double missedShare(const Problem& problem, const Limit& limit, double total) {
  return limit.sign() * (total - limit.bound) /
         std::max(std::abs(limit.bound), 1e-9 * static_cast<double>(problem.rows));
}

bool misses(const Limit& limit, double total) { return limit.sign() * total > farthest(limit); }

double violation(const Problem& problem, const Certificate& certificate) {
  double sum = 0;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    if (const Limit& limit = problem.limits[l]; misses(limit, certificate.total[l]))
      sum += missedShare(problem, limit, certificate.total[l]);
  return sum;
}

class Solve {
 public:
  Solve(const Problem& stated, const Options& options, const compute::CancelFlag& cancel, Solution& solution)
      : stated_(stated),
        problem_(widenedOf(stated)),
        options_(options),
        cancel_(cancel, compute::Deadline(options.timeLimit), work_, allowedWork(stated, options)),
        terms_(termsOf(problem_)),
        solution_(solution) {
    solution.status = Status::unknown;
    solution.evaluations = 0;
    solution.missed.clear();
    solution.conflict.clear();
    solution.reachable.clear();
    solution.relaxed.clear();
  }

  void run() {
    const bool canReach = std::any_of(problem_.limits.begin(), problem_.limits.end(), isReachable);
    thread_local Attempt first;  // its memory serves the next
    const compute::CancelFlag share = shareOf(cancel_, kFirstAttempt);
    attempt(problem_, terms_, options_, share, canReach ? kSuspiciousPrice : PriceBox::kDivergence, first);
    cutShort_ = share.workIsDone();
    adopt(first, problem_);
    if (first.gaveUp && !settled() && !cancel_.mustEnd())
      checkConflict();
    else if (!options_.warmStart.empty() && !settled() && !cancel_.mustEnd())
      tryCold();
    // Whether a plan, if there will be one, was made for another end.
    const bool byTheWay = first.gaveUp || !solution_.certificate.holds;
    if (!solution_.certificate.holds) {
      if (proven_) solution_.status = Status::infeasible;
      if (solution_.conflict.empty() && (first.diverged || !cancel_.mustEnd())) proveByRay();
      if (solution_.status != Status::infeasible || options_.diagnose) tryReaching();
      if (solution_.status == Status::infeasible && solution_.conflict.empty()) filterConflict();
    }
    // Proven optimal, a plan that costs next to nothing may still be above its bound by what prices round.
    if (solution_.certificate.holds && (!settled() || (proven_ && solution_.gap > kRounding))) tryFree();
    if (solution_.certificate.holds && !settled() && byTheWay) improveReached();
    if (solution_.certificate.holds)
      finish();
    else if (options_.relax)
      takeRelaxed();
    settleTies();
    if (options_.ties &&
        spreadTies(problem_, terms_, *options_.ties, solution_.certificate.slack, solution_.choice.data(), cancel_))
      recount();
    report();
  }

 private:
  // Both in the memory of the thread's solve before.
  static const Problem& widenedOf(const Problem& stated) {
    thread_local Problem wide;
    widen(stated, wide);
    return wide;
  }
  static const Terms& termsOf(const Problem& problem) {
    thread_local Terms terms;
    terms.arrange(problem);
    return terms;
  }

  // Takes the attempt's plan and prices for the problem, one with other bounds perhaps.
  void adopt(const Attempt& attempt, const Problem& problem) {
    count(attempt);
    solution_.choice = attempt.choice;
    solution_.prices.assign(attempt.prices.begin(), attempt.prices.end());
    solution_.spread = attempt.spread;
    proven_ = attempt.exhausted;
    raise_ = attempt.raise;
    rounding_ = attempt.rounding;
    certify(problem, solution_.prices, solution_.choice.data(), cancel_, solution_.certificate);
    measure();
  }

  void count(const Attempt& attempt) {
    solution_.evaluations += attempt.evaluations;
    outOfNodes_ |= attempt.outOfNodes;
  }

  // Bound and gap of the present certificate.
  void measure() {
    const double dual = solution_.certificate.dual + raise_, objective = solution_.certificate.objective;
    solution_.bound = proven_ && solution_.certificate.holds ? std::max(dual, objective - rounding_) : dual;
    solution_.gap = gapOf(solution_.certificate.objective, solution_.bound, solution_.spread);
  }

  bool settled() const {
    return proven_ || (solution_.certificate.holds && solution_.gap <= std::max(kRounding, options_.gapTolerance));
  }

  // Whether a plan is better than the present one: holding before missing, then by the objective or by what is missed.
  bool isBetter(const Certificate& plan) const {
    const Certificate& present = solution_.certificate;
    if (plan.holds != present.holds) return plan.holds;
    return plan.holds ? plan.objective < present.objective : violation(problem_, plan) < violation(problem_, present);
  }

  // Without the warm start: keeps the better plan and the better prices of the two.
  void tryCold() {
    Options cold = options_;
    cold.warmStart = cold.warmReach = {};
    const Attempt other = attempt(problem_, terms_, cold, cancel_);
    count(other);
    const std::vector<double> prices(other.prices.begin(), other.prices.end());
    const Certificate theirs = certify(problem_, prices, other.choice.data(), cancel_);
    const bool better = isBetter(theirs), tighter = theirs.dual + other.raise > solution_.certificate.dual + raise_;
    if (!better && !tighter) return;
    proven_ = better && other.exhausted;
    rounding_ = other.rounding;
    if (better) solution_.choice = other.choice;
    if (tighter) {
      solution_.prices = prices;
      raise_ = other.raise;
    }
    solution_.certificate =
        better && tighter ? theirs : certify(problem_, solution_.prices, solution_.choice.data(), cancel_);
    measure();
  }

  // A plan found on the way to the best of some limit holds all, and costs what it may: row by row it is brought nearer to
  // what the prices say.
  void improveReached() {
    if (problem_.rows > kMostImproved) return;
    const RowSet rows = openRows(problem_, RowSample::all(problem_.rows));
    const Scale scale = measureScale(problem_, terms_, rows);
    const Eigen::VectorXd prices =
        Eigen::Map<const Eigen::VectorXd>(solution_.prices.data(), static_cast<Eigen::Index>(solution_.prices.size()));
    std::vector<uint8_t> choice = solution_.choice;
    for (int round = 0; round < kMostRounds && !settled() && !cancel_.mustEnd(); ++round) {
      recover(problem_, terms_, rows, scale, prices, 0, options_.gapTolerance, choice.data(), cancel_);
      Certificate theirs = certify(problem_, solution_.prices, choice.data(), cancel_);
      if (!isBetter(theirs)) return;
      solution_.choice = choice;
      solution_.certificate = std::move(theirs);
      measure();
    }
  }

  // Where nothing is at stake (a workload of local models, which cost nothing), whatever plan holds is the best, and no
  // prices but 0 prove it.
  void tryFree() {
    const std::vector<double> free(problem_.limits.size(), 0.0);
    Certificate theirs = certify(problem_, free, solution_.choice.data(), cancel_);
    if (!(theirs.dual > solution_.bound)) return;
    solution_.prices = free;
    solution_.certificate = std::move(theirs);
    raise_ = 0;
    measure();
  }

  // Prices on the rise are mostly those of limits in conflict, and where these conflict by little, no ray proves it before
  // they have risen by many powers of ten, in a search that gets harder all the while. How far one limit can go
  // within the others is another search, as easy as any, and proves it as well; where it does not, prices may rise.
  void checkConflict() {
    proveByRay();
    if (solution_.status != Status::infeasible && !options_.diagnose) proveBySampledReach(highestPriced());
    if (solution_.status != Status::infeasible) reach(highestPriced(), shareOf(cancel_, kConflict));
    if (solution_.status != Status::infeasible && !cancel_.mustEnd()) tryCold();
  }

  // The plan holds every limit.
  void finish() {
    solution_.status = statusOf(solution_.gap, options_.gapTolerance);
    solution_.conflict.clear();
    solution_.reachable.clear();
  }

  // Prices that grew without bound point along a dual ray, if the limits conflict.
  void proveByRay() { proveBy(solution_.prices); }

  // So do the prices at which one limit goes as far as it can, with a price of 1 for what it lacks.
  void proveBySampledReach(size_t l) {
    const Problem others = allBut(l);
    sampleReach(others, problem_.limits[l], options_.seed, cancel_, [&](std::span<const double> prices) {
      std::vector<double> ray(prices.begin(), prices.end());
      ray.insert(ray.begin() + static_cast<ptrdiff_t>(l), 1.0);
      return proveBy(std::move(ray));
    });
  }

  // Whether prices, no matter how large, are a dual ray.
  bool proveBy(std::vector<double> ray) {
    const double largest = ray.empty() ? 0 : *std::max_element(ray.begin(), ray.end());
    if (!(largest > 0)) return false;
    for (double& price : ray) price /= largest;
    if (!(rayValue(onLattice(problem_), ray, cancel_) > 0)) return false;
    solution_.status = Status::infeasible;
    for (size_t l = 0; l < ray.size(); ++l)
      if (ray[l] > 0) solution_.conflict.push_back(static_cast<int>(l));
    return true;
  }

  // Where only whole rows are in the way of a plan, no prices tell of it: every limit without which there is still no plan
  // is left out, in turn, and the rest cannot spare one (the deletion filter of Chinneck and Dravnieks, 1991). Of many
  // rows all limits are named: a search for each would take too long.
  void filterConflict() {
    Problem rest = problem_;
    std::vector<int> conflict(problem_.limits.size());
    std::iota(conflict.begin(), conflict.end(), 0);
    if (problem_.rows > kFewRows) {
      solution_.conflict = std::move(conflict);
      return;
    }
    Options cold = options_;
    cold.warmStart = cold.warmReach = {};
    for (size_t l = 0; l < rest.limits.size();) {
      Problem without = rest;
      without.limits.erase(without.limits.begin() + static_cast<ptrdiff_t>(l));
      const Attempt other = attempt(without, Terms(without), cold, cancel_);
      count(other);
      const std::vector<double> prices(other.prices.begin(), other.prices.end());
      if (!other.exhausted || certify(without, prices, other.choice.data(), cancel_).holds) {
        ++l;
        continue;
      }
      rest = std::move(without);
      conflict.erase(conflict.begin() + static_cast<ptrdiff_t>(l));
    }
    solution_.conflict = std::move(conflict);
  }

  // For every floor or budget: the best value it can have while everything else holds. That settles feasibility where
  // the ray did not, and may find the plan that rounding missed. Undiagnosed, only the limit that is priced highest is
  // asked, until there is a proof.
  void tryReaching() {
    std::vector<size_t> asked = reachableLimits();
    if (!options_.diagnose && !asked.empty()) asked = {highestPriced()};
    std::erase_if(asked, [&](size_t l) {
      return std::any_of(solution_.reachable.begin(), solution_.reachable.end(),
                         [&](const Reachable& known) { return known.limit == static_cast<int>(l); });
    });
    const compute::CancelFlag all = shareOf(cancel_, options_.relax ? kBeforeRelaxing : 1);
    for (size_t a = 0; a < asked.size() && !all.mustEnd(); ++a) {
      reach(asked[a], shareOf(all, 1 / static_cast<double>(asked.size() - a)));
      if (solution_.certificate.holds) return;
    }
    std::sort(solution_.reachable.begin(), solution_.reachable.end(),
              [](const Reachable& a, const Reachable& b) { return a.limit < b.limit; });
  }

  std::vector<size_t> reachableLimits() const {
    std::vector<size_t> limits;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (isReachable(problem_.limits[l])) limits.push_back(l);
    return limits;
  }

  // Of the reachable limits, of which there is one at least.
  size_t highestPriced() const {
    const std::vector<size_t> limits = reachableLimits();
    return *std::max_element(limits.begin(), limits.end(), [&](size_t a, size_t b) {
      return solution_.prices[a] * std::abs(problem_.limits[a].bound) <
             solution_.prices[b] * std::abs(problem_.limits[b].bound);
    });
  }

  Problem allBut(size_t l) const {
    Problem others = problem_;
    others.limits.erase(others.limits.begin() + static_cast<ptrdiff_t>(l));
    return others;
  }

  void reach(size_t l, const compute::CancelFlag& share) {
    const Limit& limit = problem_.limits[l];
    const Problem others = allBut(l);
    const Reach best = reachLimit(others, limit, options_, share);
    cutShort_ |= share.workIsDone();
    solution_.evaluations += best.evaluations;
    solution_.reachable.push_back({static_cast<int>(l), best.found, best.value, withinReach(l, best.bound)});
    if (misses(limit, best.bound)) solution_.status = Status::infeasible;
    // Prices name a conflict that they prove themselves.
    if (misses(limit, best.dual) && solution_.conflict.empty()) {
      solution_.conflict = {static_cast<int>(l)};
      for (size_t m = 0; m < best.prices.size(); ++m)
        if (best.prices[m] > 0) solution_.conflict.push_back(static_cast<int>(m < l ? m : m + 1));
      std::sort(solution_.conflict.begin(), solution_.conflict.end());
    }
    const Certificate plan = certify(problem_, solution_.prices, best.choice.data(), cancel_);
    if (!isBetter(plan)) return;
    solution_.choice = best.choice;
    solution_.certificate = plan;
    proven_ = false;
    measure();
  }

  // Prices that went off prove more than all rows can come to: what they prove is cut off there, at the sum of the rows' own
  // least and greatest amounts.
  double withinReach(size_t l, double bound) const {
    const Limit& limit = problem_.limits[l];
    Problem alone = problem_;
    alone.limits.clear();
    std::fill(alone.objective.begin(), alone.objective.end(), 0.0);
    alone.objectiveGroup = limit.group;
    std::vector<uint8_t> choice(problem_.rows);
    const auto extreme = [&](double sign) {
      alone.objective[static_cast<size_t>(limit.quantity)] = sign;
      chooseLeast(alone, {}, choice.data(), cancel_);
      return sign * certify(alone, {}, choice.data(), cancel_).dual;
    };
    return std::clamp(bound, extreme(1), extreme(-1));
  }

  // The best plan found for the limits where they can be reached.
  void takeRelaxed() {
    Relaxation relaxation = relax(problem_, options_, cancel_);
    solution_.evaluations += relaxation.evaluations;
    if (!relaxation.found) return;
    // At the very end of what can be reached, prices have no upper bound; within the tolerance of it, they have.
    Problem& moved = moved_.emplace();
    widen(relaxed(stated_, relaxation.moved), moved);
    Options cold = options_;
    cold.warmStart = cold.warmReach = {};
    adopt(attempt(moved, terms_, cold, cancel_), moved);
    const Certificate witness = certify(moved, solution_.prices, relaxation.choice.data(), cancel_);
    if (isBetter(witness)) {
      solution_.choice = std::move(relaxation.choice);
      solution_.certificate = witness;
      proven_ = false;
      measure();
    }
    solution_.relaxed = std::move(relaxation.moved);
    if (solution_.relaxed.empty()) return finish();
    // The slacks of the limits before they were moved.
    for (const Moved& move : solution_.relaxed) {
      const auto l = static_cast<size_t>(move.limit);
      const Limit& limit = problem_.limits[l];
      solution_.certificate.slack[l] = limit.sign() * (limit.bound - solution_.certificate.total[l]);
      solution_.certificate.holds &= !misses(limit, solution_.certificate.total[l]);
    }
  }

  // Of plans of equal objective, the one that the tie-break prefers.
  void settleTies() {
    const bool moved = !solution_.relaxed.empty();
    if (!(moved || solution_.certificate.holds) || cancel_.mustEnd()) return;
    if (!breakTies(moved ? *moved_ : problem_, options_, solution_.prices, solution_.choice.data(), cancel_)) return;
    recount();
    // The same sum, in another order.
    solution_.bound = std::min(solution_.bound, solution_.certificate.objective);
  }

  // The certificate after rows moved between models without changing the objective or any limit but the models' own.
  void recount() {
    const double dual = solution_.certificate.dual;
    solution_.certificate = certify(problem_, solution_.prices, solution_.choice.data(), cancel_);
    solution_.certificate.dual = dual;  // of the relaxed problem perhaps
  }

  // In terms of the limits as stated.
  void report() {
    const std::vector<double>& total = solution_.certificate.total;
    const auto share = [&](int l) {
      return missedShare(stated_, stated_.limits[static_cast<size_t>(l)], total[static_cast<size_t>(l)]);
    };
    solution_.violation = 0;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (misses(problem_.limits[l], total[l])) {
        solution_.missed.push_back(static_cast<int>(l));
        solution_.violation += share(static_cast<int>(l));
      }
    std::stable_sort(solution_.missed.begin(), solution_.missed.end(),
                     [&](int a, int b) { return share(a) > share(b); });
    for (size_t l = 0; l < stated_.limits.size(); ++l) {
      const Limit& limit = stated_.limits[l];
      solution_.certificate.slack[l] = limit.sign() * (limit.bound - total[l]);
    }
    const bool settled = solution_.relaxed.empty()
                             ? solution_.status == Status::optimal || solution_.status == Status::infeasible
                             : proven_ || solution_.gap <= kRounding;
    const bool near = solution_.status == Status::withinTolerance ||
                      (!solution_.relaxed.empty() && solution_.gap <= options_.gapTolerance);
    solution_.stop = settled              ? Stop::proven
                     : near               ? Stop::tolerance
                     : cancel_.timeIsUp() ? Stop::timeLimit
                     : cutShort_ || cancel_.workIsDone() ? Stop::workLimit
                     : outOfNodes_        ? Stop::nodeLimit
                                          : Stop::noProgress;
    solution_.work = work_.counts();
  }

  const Problem& stated_;
  const Problem& problem_;        // widened
  std::optional<Problem> moved_;  // the same with relaxed limits
  const Options& options_;
  compute::Work work_;
  const compute::CancelFlag cancel_;
  const Terms& terms_;
  double raise_ = 0;     // of the dual at the present prices: Attempt::raise
  double rounding_ = 0;  // of the objective, if proven_: Attempt::rounding
  bool proven_ = false;  // by exact search: no plan is better than the present one
  bool outOfNodes_ = false;
  bool cutShort_ = false;  // a part of the solve took all the work that was for it
  Solution& solution_;
};

}  // namespace

double gapOf(double objective, double bound, double spread) {
  const double size = std::max({std::abs(objective), std::abs(bound), kNegligibleObjective * spread});
  return size == 0 ? 0.0 : std::max(0.0, objective - bound) / size;
}

Status statusOf(double gap, double gapTolerance) {
  return gap <= kRounding ? Status::optimal : gap <= gapTolerance ? Status::withinTolerance : Status::feasible;
}

void checkOptions(const Problem& problem, const Options& options) {
  if (!(options.timeLimit >= 0)) throw InvalidArgument("timeLimit", "timeLimit must be a number of milliseconds >= 0");
  if (!options.warmStart.empty() && options.warmStart.size() != problem.limits.size())
    throw InvalidArgument("warmStart", "warmStart must have a price for every limit");
  for (const double price : options.warmStart)
    if (!(price >= 0 && price <= kLargestNumber))
      throw InvalidArgument("warmStart", "warmStart prices must be from 0 to 1e100");
  if (!options.warmReach.empty() && options.warmReach.size() != options.warmStart.size())
    throw InvalidArgument("warmReach", "warmReach must have a number for every price of warmStart");
  for (const double reach : options.warmReach)
    if (!(reach >= 0 && reach <= kLargestNumber))
      throw InvalidArgument("warmReach", "warmReach must be from 0 to 1e100");
}

Solution solveChecked(const Problem& problem, const Options& options, const compute::CancelFlag& cancel) {
  Solution solution;
  Solve(problem, options, cancel, solution).run();
  return solution;
}

Solution solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel) {
  Solution solution;
  solve(problem, options, cancel, solution);
  return solution;
}

void solve(const Problem& problem, const Options& options, const compute::CancelFlag& cancel, Solution& solution) {
  checkProblem(problem);
  checkOptions(problem, options);
  Solve(problem, options, cancel, solution).run();
}

}  // namespace omnirouter::assignment
