#include "assignment/frontier.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "errors.h"

namespace omnirouter::assignment {

namespace {

// Of a bound, a few roundings of a double.
constexpr double kRoundings = 0x1p-50;

// A point as it was solved.
struct Solved {
  Solution solution;
  double bound = 0;  // farthest() of the widened limit: the less, the tighter
};

// The line D(y; b) of a point's prices, at another bound; less what the difference may be rounded by.
double lineAt(const Solved& point, size_t limit, double bound) {
  const double price = point.solution.prices[limit], by = bound - point.bound;
  const double rounding = by == 0 ? 0 : kRoundings * (std::abs(bound) + std::abs(point.bound));
  return point.solution.certificate.dual - price * (by + rounding);
}

// Where the prices of two points lead: on along their line, and about as far beside it.
struct Ahead {
  std::vector<double> prices, reach;

  void from(const Solved& first, const Solved& second, double bound) {
    const double along = (bound - second.bound) / (second.bound - first.bound);
    const std::vector<double>&from = first.solution.prices, &to = second.solution.prices;
    prices.resize(to.size());
    reach.resize(to.size());
    for (size_t l = 0; l < to.size(); ++l) {
      const double step = along * (to[l] - from[l]);
      prices[l] = std::clamp(to[l] + step, 0.0, kLargestNumber);
      reach[l] = std::min(std::abs(step), kLargestNumber);
    }
  }
};

// Every bound in turn, loosest first; a bound proven infeasible stands for all tighter ones.
std::vector<Solved> solveEach(const Problem& problem, size_t limit, std::span<const double> loosestFirst,
                              const Options& options, Plans plans, const compute::CancelFlag& cancel) {
  Problem swept = problem;
  Options next = options;
  next.diagnose = false;
  next.relax = false;
  std::vector<Solved> solved(loosestFirst.size());
  Ahead ahead;
  for (size_t p = 0; p < solved.size(); ++p) {
    Solution& here = solved[p].solution;
    swept.limits[limit].bound = loosestFirst[p];
    solved[p].bound = farthest(widened(swept.limits[limit]));
    const Solution* before = p > 0 ? &solved[p - 1].solution : nullptr;
    if (before != nullptr && before->status == Status::infeasible) {
      here.status = Status::infeasible;
      continue;
    }
    if (p >= 2) {
      ahead.from(solved[p - 2], solved[p - 1], solved[p].bound);
      next.warmStart = ahead.prices;
      next.warmReach = ahead.reach;
    } else if (before != nullptr) {
      next.warmStart = before->prices;
    }
    here = solveChecked(swept, next, cancel);
    if (plans == Plans::discard) std::vector<uint8_t>().swap(here.choice);
  }
  return solved;
}

// From loose to tight: the greatest of all lines; and what bounds a looser point bounds every tighter one.
void boundAll(const std::vector<Solved>& solved, size_t limit, std::vector<FrontierPoint>& points) {
  double proven = -std::numeric_limits<double>::infinity();
  for (size_t p = 0; p < solved.size(); ++p) {
    const Solved& own = solved[p];
    if (own.solution.status == Status::infeasible) return;
    const Solved* tightest = &own;
    for (const Solved& other : solved)
      if (other.solution.status != Status::infeasible &&
          lineAt(other, limit, own.bound) > lineAt(*tightest, limit, own.bound))
        tightest = &other;
    points[p].prices = tightest->solution.prices;
    proven = std::max({proven, lineAt(*tightest, limit, own.bound), own.solution.bound});
    points[p].bound = proven;
  }
}

// From tight to loose: the cheapest plan so far.
void planAll(const std::vector<Solved>& solved, double gapTolerance, std::vector<FrontierPoint>& points) {
  const Solution* cheapest = nullptr;
  for (size_t p = solved.size(); p-- > 0;) {
    const Solution& own = solved[p].solution;
    FrontierPoint& point = points[p];
    point.status = own.status;
    if (own.status == Status::infeasible) continue;
    if (own.certificate.holds && (cheapest == nullptr || own.certificate.objective <= cheapest->certificate.objective))
      cheapest = &own;
    if (cheapest == nullptr) continue;
    point.objective = cheapest->certificate.objective;
    point.quantity = cheapest->certificate.quantity;
    point.choice = cheapest->choice;
    point.gap = gapOf(point.objective, point.bound, own.spread);
    point.status = statusOf(point.gap, gapTolerance);
  }
}

}  // namespace

Frontier sweep(const Problem& problem, size_t limit, std::span<const double> bounds, const Options& options,
               Plans plans, const compute::CancelFlag& cancel) {
  checkProblem(problem);
  checkOptions(problem, options);
  if (limit >= problem.limits.size()) throw InvalidArgument("limit", "limit is not a limit of the problem");
  for (const double bound : bounds)
    if (!(std::abs(bound) <= kLargestNumber))
      throw InvalidArgument("bounds", "bounds must be finite numbers of at most 1e100");

  const double sign = problem.limits[limit].sign();
  std::vector<double> loosestFirst(bounds.begin(), bounds.end());
  std::sort(loosestFirst.begin(), loosestFirst.end(), [&](double a, double b) { return sign * a > sign * b; });
  loosestFirst.erase(std::unique(loosestFirst.begin(), loosestFirst.end()), loosestFirst.end());
  const std::vector<Solved> solved = solveEach(problem, limit, loosestFirst, options, plans, cancel);
  std::vector<FrontierPoint> points(solved.size());
  boundAll(solved, limit, points);
  planAll(solved, options.gapTolerance, points);

  Frontier frontier;
  for (const Solved& point : solved) frontier.evaluations += point.solution.evaluations;
  for (const double bound : bounds)
    frontier.points.push_back(
        points[static_cast<size_t>(std::find(loosestFirst.begin(), loosestFirst.end(), bound) - loosestFirst.begin())]);
  return frontier;
}

}  // namespace omnirouter::assignment
