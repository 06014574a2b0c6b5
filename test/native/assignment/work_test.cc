#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>

#include "assignment/allowance.h"
#include "assignment/examined.h"
#include "assignment/solver.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// A floor at a share of what lies between the cheapest plan's quality and the best, and a budget at the same share of the
// cost.
Instance floorAndBudget(size_t rows, size_t models, uint64_t seed, double floor, double budget) {
  Instance instance = plain(rows, models, seed);
  Problem& p = instance.problem;
  const double low = reachOf(p, kQuality, false), high = reachOf(p, kQuality, true);
  const double cheap = reachOf(p, kCost, false), dear = reachOf(p, kCost, true);
  p.limits = {{kQuality, true, low + floor * (high - low), kAll, kAll},
              {kCost, false, cheap + budget * (dear - cheap), kAll, kAll}};
  return instance;
}

// Values of very different sizes, and limits that many models have for themselves, set a little too tight.
Instance hardlyOrNot(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Instance instance = plain(200 + random() % 300, 16 + random() % 20, seed);
  Problem& p = instance.problem;
  for (float& q : instance.quality) q = static_cast<float>(std::pow(10.0, -12 * uniform(random)));
  for (size_t e = 0; e < instance.cost.size(); ++e)
    instance.cost[e] = static_cast<float>(0.8 * static_cast<double>(instance.quality[e]) + 0.2 * uniform(random));
  std::vector<size_t> chosen(p.rows);
  std::vector<double> requests(p.models, 0), tokens(p.models, 0);
  double quality = 0;
  for (size_t i = 0; i < p.rows; ++i) {
    const float* q = p.row(kQuality, i);
    chosen[i] = random() % 2 == 0 ? random() % p.models : static_cast<size_t>(std::max_element(q, q + p.models) - q);
    quality += static_cast<double>(q[chosen[i]]);
    requests[chosen[i]] += 1;
    tokens[chosen[i]] += static_cast<double>(p.row(kTokens, i)[chosen[i]]);
  }
  p.limits = {{kQuality, true, quality * (seed % 2 == 0 ? 1 : 1.3), kAll, kAll}};
  for (int j = 0; j < static_cast<int>(p.models); ++j) {
    const auto model = static_cast<size_t>(j);
    p.limits.push_back({kRequests, false, requests[model], kAll, j});
    if (j % 2 == 0) p.limits.push_back({kTokens, false, tokens[model] * (1 - 1e-4 * static_cast<double>(seed % 3)), kAll, j});
  }
  return instance;
}

}  // namespace

TEST_CASE("no solve is more work than its size may take, whatever the limits; what it says is true") {
  int cutShort = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const Instance instance = hardlyOrNot(seed);
    Options options;
    options.relax = seed % 3 == 0;
    options.diagnose = seed % 5 != 0;
    const Solution s = solve(instance.problem, options, {});
    CHECK(fault(instance.problem, s).value_or("") == "");
    // Plans at hand are brought to an end.
    CHECK(s.work.units() < 2 * allowedWork(instance.problem, options));
    CHECK(s.choice.size() == instance.problem.rows);
    cutShort += s.stop == Stop::workLimit;
  }
  CHECK(cutShort < 30);
}

TEST_CASE("an infeasible batch is no more than so many times the work of a feasible one like it") {
  for (const size_t rows : {100, 1000, 3000})
    for (uint64_t seed = 0; seed < 4; ++seed) {
      CAPTURE(rows);
      CAPTURE(seed);
      const Instance feasible = floorAndBudget(rows, 5, seed, 0.6, 0.9);
      const Instance infeasible = floorAndBudget(rows, 5, seed, 0.9, 0.05);
      const Solution can = solve(feasible.problem, {}, {});
      const Solution cannot = solve(infeasible.problem, {}, {});
      CHECK(hasPlan(can.status));
      CHECK(cannot.status == Status::infeasible);
      CHECK(cannot.conflict.size() == 2);
      CHECK(cannot.reachable.size() == 2);
      // Or, of batches that are solved in a moment, 50 ms of one core.
      CHECK(cannot.work.units() < std::max<uint64_t>(100 * can.work.units(), 100'000'000));
      Options brief;
      brief.diagnose = false;
      const Solution said = solve(infeasible.problem, brief, {});
      CHECK(said.status == Status::infeasible);
      CHECK(said.work.units() <= cannot.work.units());
    }
}

TEST_CASE("nodes that are asked for beyond the usual are allowed, and with a limit of time whatever there is time for") {
  const Instance few = plain(16, 4, 1), many = plain(600, 4, 1);
  Options options;
  const uint64_t usual = allowedWork(few.problem, options);
  CHECK(usual == allowedWork(many.problem, options));
  options.nodeLimit *= 10;
  CHECK(allowedWork(many.problem, options) > usual);
  CHECK(allowedWork(few.problem, options) > allowedWork(many.problem, options));
  options.nodeLimit = 0;
  CHECK(allowedWork(few.problem, options) == usual);
  options.timeLimit = 1000;
  CHECK(allowedWork(few.problem, options) == compute::CancelFlag::kUnlimited);
}

TEST_CASE("work is counted by kind, and grows with what there is to do") {
  const Instance small = floorAndBudget(200, 4, 1, 0.6, 0.9), large = floorAndBudget(20'000, 4, 1, 0.6, 0.9);
  const compute::WorkCounts few = solve(small.problem, {}, {}).work, many = solve(large.problem, {}, {}).work;
  CHECK(few.of(compute::WorkKind::entries) >= 200 * 4 * 3);
  CHECK(few.of(compute::WorkKind::pivots) > 0);
  CHECK(many.of(compute::WorkKind::entries) > 10 * few.of(compute::WorkKind::entries));
  Instance one = plain(1, 4, 1);
  CHECK(solve(one.problem, {}, {}).work.of(compute::WorkKind::nodes) == 0);
}

TEST_CASE("a share ends when its part of what is left is done, and the whole goes on") {
  compute::Work work;
  const compute::CancelFlag none, whole(none, compute::Deadline(), work, 1000);
  whole.count(compute::WorkKind::entries, 200);
  const compute::CancelFlag half = shareOf(whole, 0.5);
  CHECK(half.unitsLeft() == 400);
  CHECK(half.affords(400));
  CHECK(!half.affords(401));
  half.count(compute::WorkKind::entries, 400);
  CHECK(half.mustEnd());
  CHECK(half.workIsDone());
  CHECK(!half.timeIsUp());
  CHECK(!whole.mustEnd());
  CHECK(whole.unitsLeft() == 400);
  const compute::CancelFlag free;
  free.count(compute::WorkKind::nodes, 1);
  CHECK(!shareOf(free, 0.1).mustEnd());
}

TEST_CASE("a local search examines what there is work left for, and so much in any case") {
  compute::Work work;
  const compute::CancelFlag none, whole(none, compute::Deadline(), work, 30 * 10'000);
  {
    Examined examined(whole, 0);
    CHECK(!examined.enough());
    examined.add(9000);
    CHECK(!examined.enough());
    examined.add(5000);
    CHECK(examined.enough());
  }
  CHECK(work.counts().of(compute::WorkKind::moves) == 14'000);
  CHECK(Examined(whole, 0).enough());
  Examined late(whole, 5000);
  CHECK(!late.enough());
  late.add(4999);
  late.add(5000);
  CHECK(late.enough());
}
