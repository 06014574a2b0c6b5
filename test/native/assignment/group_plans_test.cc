#include "assignment/group_plans.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/instances.h"
#include "native/assignment/mixtures.h"
#include "native/assignment/naive.h"
#include "native/assignment/opened.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

constexpr size_t kPlenty = 1'000'000;

// Tenants with a floor each, and capacities in tokens.
void addTenants(Instance& instance, size_t tenants, double floor, double capacity) {
  Problem& p = instance.problem;
  for (size_t i = 0; i < p.rows; ++i) instance.groups.push_back(static_cast<uint16_t>(i % tenants));
  p.groups = instance.groups.data();
  p.groupCount = tenants;
  for (size_t g = 0; g < tenants; ++g) {
    double most = 0;
    for (size_t i = g; i < p.rows; i += tenants) {
      const float* quality = p.row(kQuality, i);
      most += static_cast<double>(*std::max_element(quality, quality + p.models));
    }
    p.limits.push_back({kQuality, true, floor * most, static_cast<int>(g), kAll});
  }
  double tokens = 0;
  for (const float t : instance.tokens) tokens += static_cast<double>(t);
  const auto models = static_cast<double>(p.models);
  for (size_t j = 0; j < p.models; ++j)
    p.limits.push_back({kTokens, false, capacity * tokens / (models * models), kAll, static_cast<int>(j)});
}

}  // namespace

TEST_CASE("tenants' plans bound every plan from below, and joined they are one") {
  int feasible = 0, infeasible = 0, found = 0, above = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(9, 3, seed);
    for (float& quality : instance.quality) quality = std::round(16 * quality) / 16;
    addTenants(instance, 3, 0.75 + 0.05 * static_cast<double>(seed % 4), 1 + 0.2 * static_cast<double>(seed % 5));
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    AtVertex opened(p);
    const double before = dual(p, opened.prices);
    std::vector<uint8_t> choice(p.rows, 0);
    const VertexPlan plan =
        planByGroups(p, opened.terms, opened.rows, opened.scale, opened.prices, 0, 0, kPlenty, choice.data(), {});
    ++(truth.feasible ? feasible : infeasible);
    found += plan.found;
    if (!truth.feasible) {
      CHECK_FALSE(plan.found);
      continue;
    }
    CHECK_FALSE(plan.exhausted);
    const double bound = dual(p, opened.prices) + plan.least;
    CHECK(bound <= truth.objective * (1 + 1e-6));
    CHECK(bound >= before - 1e-9 * std::abs(before));
    above += bound > before + 1e-3 * std::abs(before);
    if (!plan.found) continue;
    CHECK(objectiveOf(p, choice) >= truth.objective * (1 - 1e-6));
    for (size_t l = 0; l < p.limits.size(); ++l) CHECK(slacks(p, choice)[l] >= -rounding(p.limits[l]));
  }
  CHECK(feasible > 60);
  CHECK(infeasible > 10);
  CHECK(found > 0.8 * feasible);
  CHECK(above > 0.5 * feasible);
}

TEST_CASE("what was proven of the gap before stays proven") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(9, 3, seed);
    addTenants(instance, 3, 0.8, 2);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    if (!truth.feasible) continue;
    AtVertex opened(p);
    const double proven = truth.objective - dual(p, opened.prices);
    std::vector<uint8_t> choice(p.rows, 0);
    const VertexPlan plan =
        planByGroups(p, opened.terms, opened.rows, opened.scale, opened.prices, 0, proven, kPlenty, choice.data(), {});
    CHECK(dual(p, opened.prices) + plan.least == doctest::Approx(truth.objective).epsilon(1e-6));
  }
}

TEST_CASE("a tenant whose floor no whole rows reach is proof that there is no plan") {
  Instance instance = plain(12, 4, 5);
  addTenants(instance, 3, 0.8, 4);
  Problem& p = instance.problem;
  p.limits[1].bound *= 1.26;
  AtVertex opened(p);
  std::vector<uint8_t> choice(p.rows, 0);
  const VertexPlan plan =
      planByGroups(p, opened.terms, opened.rows, opened.scale, opened.prices, 0, 0, kPlenty, choice.data(), {});
  CHECK_FALSE(plan.found);
  CHECK(plan.exhausted);
}

TEST_CASE("a plan that was given is left alone where none better is found, also without nodes") {
  for (const size_t nodes : {size_t{0}, kPlenty}) {
    CAPTURE(nodes);
    Instance instance = plain(60, 6, 3);
    addTenants(instance, 4, 0.85, 1.5);
    const Problem& p = instance.problem;
    Options options;
    options.gapTolerance = 1e-4;
    const Solution solution = solve(p, options, {});
    REQUIRE(solution.certificate.holds);
    AtVertex opened(p);
    std::vector<uint8_t> choice = solution.choice;
    const VertexPlan plan =
        planByGroups(p, opened.terms, opened.rows, opened.scale, opened.prices, 0, 0, nodes, choice.data(), {});
    CHECK(plan.found);
    CHECK(objectiveOf(p, choice) <= objectiveOf(p, solution.choice));
    CHECK(dual(p, opened.prices) + plan.least <= objectiveOf(p, choice));
  }
}

// Rounded from weights and mended row by row, a third of them cost 10 % more than the bound.
TEST_CASE("batches of tenants with scarce tokens are planned near the bound") {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(256, 16, seed);
    for (float& quality : instance.quality) quality = std::round(16 * quality) / 16;
    addTenants(instance, 8, 0.9, 1.05);
    Options options;
    options.gapTolerance = 1e-4;
    const Solution solution = solve(instance.problem, options, {});
    CHECK(solution.certificate.holds);
    CHECK(solution.gap < 0.03);
  }
}
