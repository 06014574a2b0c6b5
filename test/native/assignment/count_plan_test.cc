#include "assignment/count_plan.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <vector>

#include "assignment/certificate.h"
#include "assignment/solver.h"
#include "assignment/whole_rows.h"
#include "native/assignment/instances.h"
#include "native/assignment/tied.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

Certificate certificateOf(const Problem& problem, const CountPlan& plan) {
  return certify(problem, {plan.prices.data(), static_cast<size_t>(plan.prices.size())}, plan.choice.data(), {});
}

// Rows that take turns in who may answer them, and whose they are.
struct Divided : Tied {
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  Divided(uint64_t seed, double share, size_t rows) : Tied(seed, share, rows) {
    for (size_t i = 0; i < rows; ++i) {
      allowed.push_back(i % 3 == 0 ? 0b10111 : i % 3 == 1 ? 0b11110 : 0b11111);
      groups.push_back(static_cast<uint16_t>(i / 7 % 3));
    }
    problem.allowed = allowed.data();
    problem.groups = groups.data();
    problem.groupCount = 3;
  }
};

}  // namespace

TEST_CASE("few rows at a price per call: a plan by counts is the cheapest there is") {
  std::mt19937_64 random(3);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  int planned = 0, slack = 0, conflicts = 0;
  for (int instance = 0; instance < 600; ++instance) {
    CAPTURE(instance);
    Tied tied(random(), 0.2 + 0.1 * static_cast<double>(below(8)), 2 + below(5), 2 + below(2));
    Problem& p = tied.problem;
    for (size_t l = 1; l < p.limits.size(); ++l) p.limits[l].bound = static_cast<double>(1 + below(p.rows));
    std::vector<uint64_t> allowed;
    std::vector<uint16_t> groups;
    for (size_t i = 0; i < p.rows; ++i) {
      allowed.push_back((random() & p.everyModel()) | uint64_t{1} << below(p.models));
      groups.push_back(static_cast<uint16_t>(below(2)));
    }
    if (below(3) == 0) p.allowed = allowed.data();
    if (below(3) == 0) {
      p.groups = groups.data();
      p.groupCount = 2;
      p.limits.push_back({kRequests, true, 1, 1, 0});
    }
    const std::optional<CountPlan> plan = planByCounts(p, {}, {});
    if (!plan) continue;
    const Truth truth = enumerate(p);
    if (plan->conflict) {
      ++conflicts;
      CHECK(!truth.feasible);
      continue;
    }
    ++planned;
    const Certificate certificate = certificateOf(p, *plan);
    CHECK(truth.feasible);
    CHECK(certificate.holds);
    CHECK(certificate.objective == doctest::Approx(truth.objective).epsilon(1e-9));
    CHECK(certificate.dual <= truth.objective * (1 + 1e-9));
    slack += certificate.slack[0] > 0;
  }
  CHECK(planned > 100);
  CHECK(slack > 50);
  CHECK(conflicts > 50);
}

TEST_CASE("slack floors on rows at a price per call: the counts prove the plan") {
  for (const double share : {0.0, 0.5, 0.75}) {
    CAPTURE(share);
    const Tied tied(7, share, 40000);
    const std::optional<CountPlan> plan = planByCounts(tied.problem, {}, {});
    REQUIRE(plan);
    const Certificate certificate = certificateOf(tied.problem, *plan);
    CHECK(certificate.holds);
    CHECK(certificate.objective - certificate.dual <= 1e-9 * certificate.objective);
  }
}

TEST_CASE("the most that the cheapest counts can serve is found, and nothing beyond") {
  Tied tied(11, 0, 20000, 4);
  // Counts of 8000, 8000 and 4000, and none for the dearest.
  for (size_t l = 1; l < tied.problem.limits.size(); ++l) tied.problem.limits[l].bound = 8000;
  Problem most = tied.problem;
  most.objective = {0, -1};
  most.limits = {tied.problem.limits[1], tied.problem.limits[2], tied.problem.limits[3]};
  most.limits[2].bound = 4000;
  const std::vector<uint64_t> cheap(most.rows, 0b0111);
  most.allowed = cheap.data();
  const Solution best = solve(most, {}, {});
  REQUIRE(best.gap <= 1e-6);

  Problem& p = tied.problem;
  p.limits[0].bound = -best.certificate.objective;
  const std::optional<CountPlan> plan = planByCounts(p, {}, {});
  REQUIRE(plan);
  const Certificate certificate = certificateOf(p, *plan);
  CHECK(certificate.holds);
  CHECK(certificate.requests == std::vector<size_t>{8000, 8000, 4000, 0});
  CHECK(certificate.objective - certificate.dual <= 1e-9 * certificate.objective);

  p.limits[0].bound = -best.bound * (1 + 1e-4);
  CHECK(!planByCounts(p, {}, {}));
  p.limits[0].bound = -best.bound * 1.2;
  CHECK(!planByCounts(p, {}, {}));
}

TEST_CASE("counts that cannot be had, by one row, are proven so") {
  for (const double share : {0.0, 0.5}) {
    Tied tied(19, share, 40000);
    Problem& p = tied.problem;
    for (size_t l = 1; l < p.limits.size(); ++l) p.limits[l].bound = static_cast<double>(p.rows / p.models);
    if (share == 0) REQUIRE(planByCounts(p, {}, {}));
    p.limits[3].bound -= 1;
    const std::optional<CountPlan> plan = planByCounts(p, {}, {});
    REQUIRE(plan);
    CHECK(plan->conflict);
    const Solution s = solve(p, {}, {});
    CHECK(s.status == Status::infeasible);
    CHECK(s.conflict == std::vector<int>{1, 2, 3, 4, 5});
  }
}

TEST_CASE("tenants and allowed models divide the counts") {
  Divided divided(13, 0.3, 30000);
  Problem& p = divided.problem;
  p.limits.erase(p.limits.begin());
  for (const int tenant : {0, 1, 2})
    p.limits.push_back({1, true, 0.55 * static_cast<double>(p.rows) / 3, tenant, kAll});
  p.limits.push_back({kRequests, true, 500, 1, 4});
  p.limits.push_back({0, false, 3 * static_cast<double>(p.rows) / 1024, 0, kAll});
  const std::optional<CountPlan> plan = planByCounts(p, {}, {});
  REQUIRE(plan);
  const Certificate certificate = certificateOf(p, *plan);
  CHECK(certificate.holds);
  CHECK(certificate.objective - certificate.dual <= 1e-9 * certificate.objective);
  for (size_t i = 0; i < p.rows; ++i) REQUIRE((divided.allowed[i] >> plan->choice[i] & 1) == 1);
}

TEST_CASE("rows that differ in their costs have no plan by counts") {
  Tied tied(17, 0.3, 20000);
  REQUIRE(planByCounts(tied.problem, {}, {}));
  tied.cost[tied.cost.size() - 1] *= 2;  // in no sample
  CHECK(!planByCounts(tied.problem, {}, {}));
  for (size_t e = 0; e < tied.cost.size(); ++e) tied.cost[e] *= static_cast<float>(1 + e % 7);
  CHECK(!planByCounts(tied.problem, {}, {}));
}

TEST_CASE("fractions of rows become whole ones, carried from kind to kind") {
  RowSet kinds(0, 0);
  const std::vector<uint8_t> models = {0, 1, 2};
  for (const double copies : {3.0, 2.0, 1000000.0}) kinds.add({0, 0, models, nullptr, copies}, 0b111);
  const std::vector<double> amount = {1.5, 1.5, 0, 0.9, 1.1, 0, 999999.0, 0.999999, 1e-6};
  const std::vector<double> whole = wholeRows(kinds, amount, 3);
  CHECK(whole[0] + whole[1] + whole[2] == 3);
  CHECK(whole[3] + whole[4] + whole[5] == 2);
  CHECK(whole[6] == 999999);
  CHECK(whole[7] == 1);
  CHECK(std::abs(whole[0] + whole[3] - 2.4) < 1);
}

TEST_CASE("tenants too many for a limit on each count are planned without") {
  // 40 groups of 16 models are 640 counts; a floor on what differs between rows makes each a limit, of which 512 are allowed.
  constexpr size_t kGroups = 40, kModels = 16, kMany = 4000;
  Tied tied(5, 0.5, kMany, kModels);
  std::vector<uint16_t> groups;
  for (size_t i = 0; i < kMany; ++i) groups.push_back(static_cast<uint16_t>(i % kGroups));
  tied.problem.groups = groups.data();
  tied.problem.groupCount = kGroups;
  CHECK_FALSE(planByCounts(tied.problem, {}, {}).has_value());
  const Solution solution = solve(tied.problem, {}, {});
  CHECK(solution.certificate.holds);
  CHECK(solution.gap < 1e-3);
}
