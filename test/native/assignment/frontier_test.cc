#include "assignment/frontier.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "errors.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

std::vector<double> evenly(double from, double to, size_t points) {
  std::vector<double> values;
  for (size_t p = 0; p < points; ++p)
    values.push_back(from + (to - from) * static_cast<double>(p) / static_cast<double>(points - 1));
  return values;
}

Options coarse() {
  Options options;
  options.gapTolerance = 1e-4;
  return options;
}

Instance capped(size_t rows, uint64_t seed) {
  Instance instance = plain(rows, 6, seed);
  Problem& p = instance.problem;
  p.limits = {{kQuality, true, 0, kAll, kAll}};
  for (int j = 0; j < 6; ++j) p.limits.push_back({kRequests, false, std::ceil(static_cast<double>(rows) / 3), kAll, j});
  return instance;
}

}  // namespace

TEST_CASE("the cost of quality is convex, rises with the floor, and its slope is the floor's price") {
  for (const size_t rows : {30, 700, 20'000}) {
    CAPTURE(rows);
    const Instance instance = capped(rows, rows);
    const Problem& p = instance.problem;
    const double most = reachOf(p, kQuality, true);
    const std::vector<double> floors = evenly(0.4 * most, 1.02 * most, 25);
    const Frontier curve = sweep(p, 0, floors, coarse(), Plans::keep, {});
    REQUIRE(curve.points.size() == floors.size());
    CHECK(curve.points.back().status == Status::infeasible);
    size_t feasible = 0;
    for (size_t b = 0; b < floors.size() && hasPlan(curve.points[b].status); ++b, ++feasible) {
      CAPTURE(b);
      const FrontierPoint& point = curve.points[b];
      Problem here = p;
      here.limits[0].bound = floors[b];
      for (size_t l = 0; l < p.limits.size(); ++l)
        CHECK(slacks(here, point.choice)[l] >= -tolerance(here.limits[l]) - 1e-9);
      CHECK(point.objective == doctest::Approx(objectiveOf(here, point.choice)));
      CHECK(point.quantity[kQuality] >= floors[b] * (1 - 1e-7));
      const Eigen::VectorXd prices =
          Eigen::Map<const Eigen::VectorXd>(point.prices.data(), static_cast<Eigen::Index>(point.prices.size()));
      const double scale = std::abs(point.objective) + 1e-9 * magnitude(here, prices);
      Problem wide;
      widen(here, wide);
      CHECK(dual(wide, prices) <= point.bound + 1e-9 * scale);
      CHECK(point.objective >= point.bound);
      // As good as a solve of its own.
      const Solution alone = solve(here, coarse(), {});
      CHECK(point.objective <= alone.certificate.objective + 1e-4 * scale);
      CHECK(point.bound >= alone.certificate.dual - 1e-4 * scale);
      if (b == 0) continue;
      const FrontierPoint& before = curve.points[b - 1];
      CHECK(point.objective >= before.objective);
      CHECK(point.bound >= before.bound);
      CHECK(point.prices[0] >= before.prices[0] * (1 - 1e-9));
      if (rows <= 64) continue;  // exact search proves more than the lines
      // A chord's slope lies between the prices at its ends.
      const double chord = (point.bound - before.bound) / (floors[b] - floors[b - 1]);
      const double rounding = 1e-9 * scale / (floors[b] - floors[b - 1]);
      CHECK(chord >= before.prices[0] - rounding);
      CHECK(chord <= point.prices[0] + rounding);
    }
    CHECK(feasible > 10);
  }
}

TEST_CASE("a sweep of a budget, in any order and with values twice; plans only if asked for") {
  Instance instance = plain(5000, 6, 3);
  Problem& p = instance.problem;
  const double cheapest = reachOf(p, kCost, false);
  p.objective = {0, -1, 0};
  p.limits = {{kCost, false, 0, kAll, kAll}};
  const std::vector<double> budgets = {3 * cheapest, 0.9 * cheapest, 1.1 * cheapest, 3 * cheapest, 2 * cheapest};
  const Frontier curve = sweep(p, 0, budgets, coarse(), Plans::discard, {});
  CHECK(curve.points[1].status == Status::infeasible);
  for (const size_t b : {0, 2, 3, 4}) {
    CHECK(hasPlan(curve.points[b].status));
    CHECK(curve.points[b].choice.empty());
    CHECK(curve.points[b].quantity[kCost] <= budgets[b] * (1 + 1e-7));
  }
  CHECK(curve.points[0].objective == curve.points[3].objective);
  CHECK(curve.points[0].objective <= curve.points[4].objective);
  CHECK(curve.points[4].objective < curve.points[2].objective);
}

TEST_CASE("sweeps of nothing, of no limit, and by bounds that are no numbers") {
  Instance instance = capped(10, 1);
  CHECK(sweep(instance.problem, 0, {}, {}, Plans::keep, {}).points.empty());
  const std::vector<double> bad = {1, std::nan("")};
  CHECK_THROWS_AS(sweep(instance.problem, 0, bad, {}, Plans::keep, {}), InvalidArgument);
  CHECK_THROWS_AS(sweep(instance.problem, 7, {}, {}, Plans::keep, {}), InvalidArgument);
  compute::CancelFlag cancelled;
  cancelled.raise();
  const std::vector<double> one = {1};
  CHECK_THROWS_AS(sweep(instance.problem, 0, one, {}, Plans::keep, cancelled), Cancelled);
}

TEST_CASE("a warm start ends no worse than a cold one, wherever it starts") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, seed % 3 == 0 ? 12'000 : 600, 9);
    const Problem& p = instance.problem;
    const Solution cold = solve(p, {}, {});
    if (!hasPlan(cold.status)) continue;
    for (const double factor : {0.0, 0.9, 1.0, 3.0, 1e5}) {
      CAPTURE(factor);
      std::vector<double> prices = cold.prices;
      for (double& price : prices) price *= factor;
      Options options;
      options.warmStart = prices;
      const Solution warm = solve(p, options, {});
      CHECK(fault(p, warm).value_or("") == "");
      REQUIRE(hasPlan(warm.status));
      // The solver's own measure of a gap, which knows the scale of objectives near 0.
      CHECK(gapOf(warm.certificate.objective, cold.certificate.objective, cold.spread) <= 1e-6);
      CHECK(gapOf(cold.certificate.dual, warm.certificate.dual, cold.spread) <= 1e-6);
    }
  }
}

TEST_CASE("prices said to be near the best may be anywhere") {
  const Instance instance = capped(12'000, 2);
  Problem p = instance.problem;
  p.limits[0].bound = 0.75 * reachOf(p, kQuality, true);
  const Solution cold = solve(p, {}, {});
  REQUIRE(hasPlan(cold.status));
  for (const double factor : {0.0, 0.5, 0.999, 1.0, 1.2, 1e3})
    for (const double share : {0.0, 1e-3, 0.5, 10.0}) {
      CAPTURE(factor);
      CAPTURE(share);
      std::vector<double> prices = cold.prices, reach = cold.prices;
      for (double& price : prices) price *= factor;
      for (double& price : reach) price *= share;
      Options options = coarse();
      options.warmStart = prices;
      options.warmReach = reach;
      const Solution warm = solve(p, options, {});
      CHECK(fault(p, warm).value_or("") == "");
      REQUIRE(hasPlan(warm.status));
      CHECK(gapOf(cold.certificate.dual, warm.certificate.dual, cold.spread) <= 1e-4);
      CHECK(gapOf(warm.certificate.objective, cold.certificate.objective, cold.spread) <= 1e-4);
    }
}
