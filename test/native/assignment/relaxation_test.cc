#include "assignment/relaxation.h"

#include <doctest/doctest.h>

#include <string>

#include "assignment/solver.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

Options relaxing() {
  Options options;
  options.relax = true;
  options.diagnose = false;
  return options;
}

bool isFixed(const Limit& limit) { return limit.quantity == kRequests || limit.model != kAll; }

// What the text of relaxation.h says, by enumeration: the bounds after moving.
std::optional<Problem> relaxedByEnumeration(const Problem& p) {
  Problem kept = p;
  std::erase_if(kept.limits, [](const Limit& limit) { return !isFixed(limit); });
  if (!enumerate(kept).feasible) return std::nullopt;
  Problem moved = p;
  for (const bool floors : {false, true})
    for (size_t l = 0; l < p.limits.size(); ++l) {
      Limit limit = p.limits[l];
      if (isFixed(limit) || limit.atLeast != floors) continue;
      Problem reach = kept;
      reach.objective.assign(p.quantities.size(), 0.0);
      reach.objective[static_cast<size_t>(limit.quantity)] = limit.sign();
      reach.objectiveGroup = limit.group;
      const double best = limit.sign() * enumerate(reach).objective;
      if (limit.sign() * best > limit.sign() * limit.bound + tolerance(limit)) limit.bound = best;
      moved.limits[l] = limit;
      kept.limits.push_back(limit);
    }
  return moved;
}

}  // namespace

TEST_CASE("small problems: the limits are moved to the nearest that can be reached, in the order stated") {
  int moved = 0, beyondHelp = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 5, 4);
    const Problem& p = instance.problem;
    const Solution s = solve(p, relaxing(), {});
    CHECK(fault(p, s).value_or("") == "");
    if (hasPlan(s.status)) {
      CHECK(s.relaxed.empty());
      continue;
    }
    CHECK(s.status == Status::infeasible);
    const auto truth = relaxedByEnumeration(p);
    if (!truth) {
      ++beyondHelp;
      CHECK(s.relaxed.empty());
      continue;
    }
    ++moved;
    const Problem problem = relaxed(p, s.relaxed);
    for (size_t l = 0; l < p.limits.size(); ++l) {
      CAPTURE(l);
      CHECK(problem.limits[l].bound == doctest::Approx(truth->limits[l].bound).epsilon(1e-6));
    }
    for (const double slack : slacks(problem, s.choice)) CHECK(slack >= -1e-6 * static_cast<double>(p.rows));
    const double best = enumerate(problem).objective;
    CHECK(s.certificate.objective <= best + 1e-5 * std::abs(best) + 1e-15);
    CHECK(s.bound <= s.certificate.objective + 1e-9 * std::abs(s.bound));
  }
  CHECK(moved > 100);
  CHECK(beyondHelp > 20);
}

TEST_CASE("a floor out of reach becomes the highest quality under the capacities, at the least cost") {
  for (const size_t rows : {200, 30'000}) {
    CAPTURE(rows);
    Instance instance = plain(rows, 6, rows);
    Problem& p = instance.problem;
    p.limits = {{kQuality, true, static_cast<double>(rows), kAll, kAll}};
    for (int j = 0; j < 6; ++j) p.limits.push_back({kRequests, false, static_cast<double>(rows / 5), kAll, j});
    const Solution s = solve(p, relaxing(), {});
    CHECK(s.status == Status::infeasible);
    REQUIRE(s.relaxed.size() == 1);
    CHECK(s.relaxed[0].limit == 0);
    CHECK(s.missed == std::vector<int>{0});
    Problem best = p;
    best.limits.erase(best.limits.begin());
    best.objective = {0, -1, 0};
    best.tieBreak = kCost;
    const Solution highest = solve(best, {}, {});
    CHECK(s.relaxed[0].to == doctest::Approx(-highest.certificate.objective).epsilon(1e-6));
    for (const double slack : slacks(relaxed(p, s.relaxed), s.choice))
      CHECK(slack >= -1e-7 * static_cast<double>(rows));
    CHECK(s.certificate.objective == doctest::Approx(objectiveOf(p, s.choice)));
    CHECK(s.bound <= s.certificate.objective * (1 + 1e-9));
    CHECK(s.gap < 1e-3);
  }
}

TEST_CASE("a budget is kept before a floor, and gives way only below the cheapest plan") {
  Instance instance = plain(5000, 5, 7);
  Problem& p = instance.problem;
  const double cheapest = reachOf(p, kCost, false), highest = reachOf(p, kQuality, true);
  p.limits = {{kQuality, true, highest, kAll, kAll}, {kCost, false, 1.5 * cheapest, kAll, kAll}};
  const Solution kept = solve(p, relaxing(), {});
  REQUIRE(kept.relaxed.size() == 1);
  CHECK(kept.relaxed[0].limit == 0);
  CHECK(kept.certificate.slack[1] >= -1e-7 * cheapest);
  p.limits[1].bound = 0.5 * cheapest;
  const Solution both = solve(p, relaxing(), {});
  REQUIRE(both.relaxed.size() == 2);
  CHECK(both.relaxed[1].limit == 1);
  CHECK(both.relaxed[1].to == doctest::Approx(cheapest));
  // Capacities that cannot hold are beyond help.
  for (int j = 0; j < 5; ++j) p.limits.push_back({kRequests, false, 999, kAll, j});
  const Solution none = solve(p, relaxing(), {});
  CHECK(none.status == Status::infeasible);
  CHECK(none.relaxed.empty());
}
