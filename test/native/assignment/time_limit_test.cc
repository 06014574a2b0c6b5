#include <doctest/doctest.h>

#include <string>

#include "assignment/solver.h"
#include "compute/cancel.h"
#include "errors.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// A floor at 70 % of the way from the cheapest plan's quality to the best, and capacities a little above what is needed.
Instance tight(size_t rows, uint64_t seed) {
  Instance instance = plain(rows, 8, seed);
  Problem& p = instance.problem;
  double cheapest = 0;
  for (size_t i = 0; i < rows; ++i) {
    const float* cost = p.row(kCost, i);
    cheapest += static_cast<double>(p.row(kQuality, i)[std::min_element(cost, cost + 8) - cost]);
  }
  p.limits = {{kQuality, true, cheapest + 0.5 * (reachOf(p, kQuality, true) - cheapest), kAll, kAll}};
  for (int j = 0; j < 8; ++j) p.limits.push_back({kRequests, false, static_cast<double>(rows / 4), kAll, j});
  return instance;
}

}  // namespace

TEST_CASE("whenever time is up there is an answer, and what it says of itself is true") {
  for (const size_t rows : {1, 12, 64, 500, 6000, 40'000})
    for (const double limit : {0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0}) {
      CAPTURE(rows);
      CAPTURE(limit);
      const Instance instance = tight(rows, rows);
      Options options;
      options.timeLimit = limit;
      const Solution s = solve(instance.problem, options, {});
      CHECK(fault(instance.problem, s).value_or("") == "");
      if (rows == 40'000 && limit == 0) CHECK(s.stop == Stop::timeLimit);
    }
}

TEST_CASE("random problems of every kind under a limit that passes at once") {
  int cutShort = 0, plans = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, seed % 3 == 0 ? 20'000 : 400, 9);
    Options options;
    options.timeLimit = 0;
    options.relax = seed % 2 == 0;
    const Solution s = solve(instance.problem, options, {});
    CHECK(fault(instance.problem, s).value_or("") == "");
    cutShort += s.stop == Stop::timeLimit;
    plans += hasPlan(s.status);
  }
  CHECK(cutShort > 50);
  CHECK(plans > 50);
}

TEST_CASE("a limit that does not pass changes nothing; one below 0 or that is no number is refused") {
  const Instance instance = tight(6000, 3);
  Options options;
  const Solution unlimited = solve(instance.problem, options, {});
  options.timeLimit = 1e9;
  const Solution limited = solve(instance.problem, options, {});
  CHECK(limited.choice == unlimited.choice);
  CHECK(limited.bound == unlimited.bound);
  CHECK(limited.stop == unlimited.stop);
  for (const double bad : {-1.0, std::nan("")}) {
    options.timeLimit = bad;
    CHECK_THROWS_AS(solve(instance.problem, options, {}), InvalidArgument);
  }
}

TEST_CASE("the reason for stopping: proof, tolerance, nodes, or nothing left to try") {
  const Instance small = tight(12, 1);
  CHECK(solve(small.problem, {}, {}).stop == Stop::proven);
  Options options;
  options.nodeLimit = 1;
  CHECK(solve(small.problem, options, {}).stop == Stop::nodeLimit);
  const Instance larger = tight(3000, 1);
  options.gapTolerance = 0.1;
  CHECK(solve(larger.problem, options, {}).stop == Stop::tolerance);
  options.gapTolerance = 1e-13;
  CHECK(solve(larger.problem, options, {}).stop == Stop::noProgress);
  Instance infeasible = tight(3000, 1);
  infeasible.problem.limits[0].bound = 3001;
  const Solution s = solve(infeasible.problem, options, {});
  CHECK(s.status == Status::infeasible);
  CHECK(s.stop == Stop::proven);
}

TEST_CASE("a flag is raised with the one it stands in for; a deadline raises nothing") {
  compute::CancelFlag outer;
  compute::Work work;
  const compute::CancelFlag inner(outer, compute::Deadline(0), work, compute::CancelFlag::kUnlimited);
  CHECK(inner.timeIsUp());
  CHECK_FALSE(inner.raised());
  outer.raise();
  CHECK(inner.raised());
  CHECK_THROWS_AS(inner.throwIfRaised(), Cancelled);
  CHECK_FALSE(compute::CancelFlag().timeIsUp());
  CHECK_FALSE(compute::Deadline(1e300).passed());
}

TEST_CASE("what costs nothing is the best there is, however little time there was to find prices") {
  Instance instance = plain(3000, 8, 1);
  Problem& p = instance.problem;
  std::fill(instance.cost.begin(), instance.cost.end(), 0.0f);
  p.limits = {{kQuality, true, 0.9 * reachOf(p, kQuality, true), kAll, kAll}};
  Options options;
  options.timeLimit = 0;
  const double prices[] = {1};
  options.warmStart = prices;
  const Solution s = solve(p, options, {});
  CHECK(s.certificate.holds);
  CHECK(s.gap == 0);
  CHECK(s.status == Status::optimal);
}
