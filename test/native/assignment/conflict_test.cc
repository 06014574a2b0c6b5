// Limits that miss what can be reached by a hair, in batches that are sampled: the proof, and the limits it names.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/instances.h"
#include "native/assignment/tied.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

constexpr double kHair = 1e-6;

Solution undiagnosed(const Problem& problem) {
  Options options;
  options.diagnose = false;
  return solve(problem, options, {});
}

// The first limit bounds a quantity: what it can be at best beside the others is reached, and nothing beyond.
void tryAtItsEnd(Problem problem, const std::string& what) {
  CAPTURE(what);
  const Limit first = problem.limits[0];
  Problem reaching = problem;
  reaching.limits.erase(reaching.limits.begin());
  std::fill(reaching.objective.begin(), reaching.objective.end(), 0.0);
  reaching.objective[static_cast<size_t>(first.quantity)] = first.sign();
  reaching.objectiveGroup = first.group;
  const Solution best = undiagnosed(reaching);
  REQUIRE(best.certificate.holds);

  problem.limits[0].bound = first.sign() * best.certificate.objective;
  CHECK(undiagnosed(problem).certificate.holds);

  problem.limits[0].bound = first.sign() * (best.bound - kHair * std::abs(best.bound));
  const Solution beyond = undiagnosed(problem);
  CHECK(beyond.status == Status::infeasible);
  CHECK(std::count(beyond.conflict.begin(), beyond.conflict.end(), 0) == 1);
  // What is named conflicts by itself.
  Problem named = problem;
  named.limits.clear();
  for (const int l : beyond.conflict) named.limits.push_back(problem.limits[static_cast<size_t>(l)]);
  CHECK(undiagnosed(named).status == Status::infeasible);
}

void addCapacities(Problem& problem, double factor) {
  for (size_t j = 0; j < problem.models; ++j)
    problem.limits.push_back(
        {kRequests, false, std::ceil(factor * static_cast<double>(problem.rows) / static_cast<double>(problem.models)),
         kAll, static_cast<int>(j)});
}

}  // namespace

TEST_CASE("a floor or a budget a hair beyond what the capacities allow") {
  Instance instance = plain(20000, 5, 21);
  Problem p = instance.problem;
  p.limits = {{kQuality, true, 0, kAll, kAll}};
  addCapacities(p, 1.05);
  tryAtItsEnd(p, "floor");
  p.objective = {0, -1, 0};
  p.limits[0] = {kCost, false, 0, kAll, kAll};
  tryAtItsEnd(p, "budget");
  p.limits.push_back({kTokens, false, 0.22 * reachOf(p, kTokens, true), kAll, 2});
  tryAtItsEnd(p, "budget beside a capacity in tokens");
}

TEST_CASE("a tenant's floor a hair beyond what a budget allows") {
  Instance instance = plain(20000, 4, 22);
  Problem p = instance.problem;
  for (size_t i = 0; i < p.rows; ++i) instance.groups.push_back(static_cast<uint16_t>(i % 3));
  p.groups = instance.groups.data();
  p.groupCount = 3;
  p.limits = {{kQuality, true, 0, 1, kAll}, {kCost, false, 2 * reachOf(p, kCost, false), kAll, kAll}};
  tryAtItsEnd(p, "one tenant");
  p.limits.push_back({kQuality, true, 0.2 * reachOf(p, kQuality, true), 2, kAll});
  tryAtItsEnd(p, "beside another");
}

TEST_CASE("the same where rows are tied en masse") {
  const Tied tied(23, 0, 20000);
  tryAtItsEnd(tied.problem, "floor");
  Problem p = tied.problem;
  p.objective = {0, -1};
  p.limits[0] = {0, false, 0, kAll, kAll};
  tryAtItsEnd(p, "budget");
}

TEST_CASE("capacities one short of the rows") {
  Instance instance = plain(20000, 5, 24);
  Problem p = instance.problem;
  addCapacities(p, 1);
  CHECK(undiagnosed(p).certificate.holds);
  p.limits[3].bound -= 1;
  const Solution short1 = undiagnosed(p);
  CHECK(short1.status == Status::infeasible);
  CHECK(short1.conflict == std::vector<int>{0, 1, 2, 3, 4});
}
