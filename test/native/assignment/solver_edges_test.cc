#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "compute/cpu.h"
#include "errors.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

Solution solved(const Problem& p, Options options = {}) {
  Solution s = solve(p, options, {});
  CHECK(fault(p, s).value_or("") == "");
  return s;
}

}  // namespace

TEST_CASE("one query, one model, and no limits") {
  for (const size_t models : {1, 2, 64}) {
    const Instance instance = plain(1, models, models);
    const Solution s = solved(instance.problem);
    CHECK(s.status == Status::optimal);
    CHECK(s.certificate.objective == doctest::Approx(reachOf(instance.problem, kCost, false)));
  }
  for (const size_t rows : {2, 65, 5000, 40'000}) {
    const Instance instance = plain(rows, 1, rows);
    CHECK(solved(instance.problem).status == Status::optimal);
  }
}

TEST_CASE("without limits every query has its best model, however many there are") {
  for (const size_t rows : {63, 64, 65, 4095, 4097, 33'000}) {
    CAPTURE(rows);
    const Instance instance = plain(rows, 64, rows);
    const Solution s = solved(instance.problem);
    CHECK(s.status == Status::optimal);
    CHECK(s.gap <= 1e-12);
    CHECK(s.certificate.objective == doctest::Approx(reachOf(instance.problem, kCost, false)).epsilon(1e-12));
  }
}

TEST_CASE("nothing but requests: no quantities at all") {
  Problem p;
  p.rows = 100;
  p.models = 3;
  p.limits = {{kRequests, false, 60, kAll, 0}, {kRequests, true, 30, kAll, 2}};
  const Solution s = solved(p);
  CHECK(s.status == Status::optimal);
  CHECK(s.certificate.requests[0] <= 60);
  CHECK(s.certificate.requests[2] >= 30);
}

TEST_CASE("a query that may use one model only has it; the rest is assigned around it") {
  for (const size_t rows : {5, 100, 6000}) {
    CAPTURE(rows);
    Instance instance = plain(rows, 7, rows);
    Problem& p = instance.problem;
    std::mt19937_64 random(rows);
    for (size_t i = 0; i < rows; ++i) instance.allowed.push_back(uint64_t{1} << random() % 7);
    p.allowed = instance.allowed.data();
    p.limits = {{kRequests, false, static_cast<double>(rows), kAll, 3}, {kQuality, true, 0, kAll, kAll}};
    const Solution s = solved(p);
    CHECK(s.status == Status::optimal);
    for (size_t i = 0; i < rows; ++i) CHECK(instance.allowed[i] == uint64_t{1} << s.choice[i]);
    // The one plan there is holds or breaks the capacity of model 3.
    size_t used = 0;
    for (const uint64_t mask : instance.allowed) used += mask == 8;
    p.limits[0].bound = static_cast<double>(used);
    CHECK(hasPlan(solved(p).status));
    if (used == 0) continue;
    p.limits[0].bound = static_cast<double>(used) - 1;
    CHECK(solved(p).status == Status::infeasible);
  }
}

TEST_CASE("64 models with a capacity each, filled to the last slot") {
  Instance instance = plain(1280, 64, 5);
  Problem& p = instance.problem;
  for (int j = 0; j < 64; ++j) p.limits.push_back({kRequests, false, 20, kAll, j});
  const Solution s = solved(p);
  CHECK(hasPlan(s.status));
  for (const size_t requests : s.certificate.requests) CHECK(requests == 20);
  p.limits[17].bound = 19;
  CHECK(solved(p).status == Status::infeasible);
}

TEST_CASE("groups of one query each, each with its own floor") {
  for (const size_t rows : {10, 200, 500}) {
    CAPTURE(rows);
    Instance instance = plain(rows, 4, rows);
    Problem& p = instance.problem;
    p.groupCount = rows;
    double least = 0;
    for (size_t i = 0; i < rows; ++i) {
      instance.groups.push_back(static_cast<uint16_t>(i));
      // Its second best quality: the cheapest model that has it is the answer.
      std::vector<float> q(p.row(kQuality, i), p.row(kQuality, i) + 4);
      std::sort(q.begin(), q.end());
      p.limits.push_back({kQuality, true, static_cast<double>(q[2]), static_cast<int>(i), kAll});
      float best = 1e30f;
      for (size_t j = 0; j < 4; ++j)
        if (p.row(kQuality, i)[j] >= q[2]) best = std::min(best, p.row(kCost, i)[j]);
      least += static_cast<double>(best);
    }
    p.groups = instance.groups.data();
    const Solution s = solved(p);
    CHECK(hasPlan(s.status));
    CHECK(s.certificate.objective >= least * (1 - 1e-9));
    CHECK(s.certificate.objective <= least * (1 + 1e-9));
    CHECK(s.certificate.dual <= least * (1 + 1e-9));
  }
}

TEST_CASE("limits at what can just be reached hold; a hair beyond, they cannot, and that is proven") {
  constexpr double kHair = 1e-6;
  for (const size_t rows : {6, 64, 300, 6000}) {
    CAPTURE(rows);
    Instance instance = plain(rows, 5, rows);
    Problem& p = instance.problem;
    const auto check = [&](const std::string& what, Limit reached, double beyond, std::vector<Limit> others = {}) {
      CAPTURE(what);
      p.limits = others;
      p.limits.push_back(reached);
      CHECK(hasPlan(solved(p).status));
      p.limits.back().bound = beyond;
      const Solution s = solved(p);
      CHECK(s.status == Status::infeasible);
      if (rows > 64) CHECK_FALSE(s.conflict.empty());
    };
    const double most = reachOf(p, kQuality, true), least = reachOf(p, kCost, false);
    check("floor", {kQuality, true, most, kAll, kAll}, most * (1 + kHair));
    check("budget", {kCost, false, least, kAll, kAll}, least * (1 - kHair));
    const double tokens = reachOf(p, kTokens, false);
    check("token budget", {kTokens, false, tokens, kAll, kAll}, tokens * (1 - kHair));
    const auto n = static_cast<double>(rows);
    // Larger batches: below.
    if (rows < 1000)
      check("capacity", {kRequests, false, 1, kAll, 4}, 0,
            {{kRequests, false, n - 1, kAll, 0},
             {kRequests, false, 0, kAll, 1},
             {kRequests, false, 0, kAll, 2},
             {kRequests, false, 0, kAll, 3}});
    check("requests of all", {kRequests, false, n, kAll, kAll}, n - 1);
    check("least requests of a model", {kRequests, true, n, kAll, 2}, n + 1);
    // One group's floor, while the other's is free.
    instance.groups.clear();
    for (size_t i = 0; i < rows; ++i) instance.groups.push_back(static_cast<uint16_t>(i % 2));
    p.groups = instance.groups.data();
    p.groupCount = 2;
    double ofGroup = 0;
    for (size_t i = 1; i < rows; i += 2)
      ofGroup += static_cast<double>(*std::max_element(p.row(kQuality, i), p.row(kQuality, i) + 5));
    check("a group's floor", {kQuality, true, ofGroup, 1, kAll}, ofGroup * (1 + kHair));
    p.groups = nullptr;
    p.groupCount = 1;
    // All must use one model, whose tokens are limited.
    instance.allowed.assign(rows, 1);
    p.allowed = instance.allowed.data();
    double all = 0;
    for (size_t i = 0; i < rows; ++i) all += static_cast<double>(p.row(kTokens, i)[0]);
    check("capacity in tokens", {kTokens, false, all, kAll, 0}, all * (1 - kHair));
    p.allowed = nullptr;
  }
}

// All prices can shift together at no cost in the dual, and the sample's noise asks them to.
TEST_CASE("capacities that add up to exactly the number of queries, in a batch large enough to be sampled") {
  for (const size_t rows : {5000, 20'000})
    for (uint64_t seed = 0; seed < 5; ++seed) {
      CAPTURE(rows);
      CAPTURE(seed);
      Instance instance = plain(rows, 5, seed);
      instance.problem.limits = {{kRequests, false, static_cast<double>(rows) - 1, kAll, 0},
                                 {kRequests, false, 0, kAll, 1},
                                 {kRequests, false, 0, kAll, 2},
                                 {kRequests, false, 0, kAll, 3},
                                 {kRequests, false, 1, kAll, 4}};
      CHECK(hasPlan(solved(instance.problem).status));
    }
}

TEST_CASE("the plan does not depend on the currency: costs of 1e-7 to 1e3") {
  for (const size_t rows : {40, 3000}) {
    std::vector<uint8_t> choice;
    for (const int exponent : {0, -23, -12, 10}) {
      CAPTURE(exponent);
      Instance instance = plain(rows, 6, 8);
      // Powers of two scale float32 costs without rounding.
      for (float& cost : instance.cost) cost = std::ldexp(cost, exponent);
      Problem& p = instance.problem;
      const double most = reachOf(p, kQuality, true);
      p.limits = {{kQuality, true, 0.8 * most, kAll, kAll}};
      const Solution s = solved(p);
      CHECK(hasPlan(s.status));
      CHECK(s.gap < (rows < 64 ? 0.2 : 1e-4));
      if (choice.empty()) choice = s.choice;
      CHECK(s.choice == choice);
    }
  }
}

TEST_CASE("a batch of one query repeated, and models that are copies of each other") {
  for (const size_t rows : {30, 2000, 20'000}) {
    CAPTURE(rows);
    Instance instance = plain(rows, 6, 9);
    Problem& p = instance.problem;
    const auto repeat = [&](std::vector<float>& values) {
      for (size_t e = 0; e < values.size(); ++e) values[e] = values[e % 6 / 2];
    };
    repeat(instance.cost);
    repeat(instance.quality);
    repeat(instance.tokens);
    const auto n = static_cast<double>(rows);
    for (int j = 0; j < 6; ++j) p.limits.push_back({kRequests, false, std::ceil(n / 4), kAll, j});
    const Solution loose = solved(p);
    CHECK(hasPlan(loose.status));
    CHECK(loose.gap < 1e-6);
    p.objective = {0, -1, 0};
    p.tieBreak = kCost;
    const double most = -solved(p).certificate.objective;
    p.objective = {1, 0, 0};
    p.tieBreak = -1;
    p.limits.push_back({kQuality, true, 0.9 * most, kAll, kAll});
    const Solution s = solved(p);
    CHECK(hasPlan(s.status));
    // At most a few rows' worth.
    CHECK(s.certificate.objective - s.bound <=
          3.0 * static_cast<double>(*std::max_element(instance.cost.begin(), instance.cost.end())));
  }
}

TEST_CASE("everything free, or everything of quality 0") {
  for (const size_t rows : {10, 3000}) {
    Instance instance = plain(rows, 4, 1);
    Problem& p = instance.problem;
    std::fill(instance.cost.begin(), instance.cost.end(), 0.0f);
    p.limits = {{kQuality, true, 0.5 * reachOf(p, kQuality, true), kAll, kAll}};
    const Solution free = solved(p);
    CHECK(hasPlan(free.status));
    CHECK(free.certificate.objective == 0);
    std::fill(instance.quality.begin(), instance.quality.end(), 0.0f);
    CHECK(solved(p).status == Status::infeasible);
    p.limits[0].bound = 0;
    CHECK(hasPlan(solved(p).status));
  }
}

// Weights so large that weight * value is no double any more: every reduced value would be infinite, like a model's
// that may not answer.
TEST_CASE("numbers too large to weigh are refused") {
  Instance instance = plain(2, 3, 1);
  Problem& p = instance.problem;
  std::fill(instance.cost.begin(), instance.cost.end(), 1e30f);
  instance.allowed = {2, 4};
  p.allowed = instance.allowed.data();
  p.objective = {1e300, 0, 0};
  uint8_t choice[2] = {};
  CHECK_THROWS_AS(chooseByPrices(p, {}, choice), InvalidArgument);
  CHECK_THROWS_AS(solve(p, {}, {}), InvalidArgument);
  p.objective = {1e100, 0, 0};
  chooseByPrices(p, {}, choice);
  CHECK(choice[0] == 1);
  CHECK(choice[1] == 2);
  CHECK(std::isfinite(solve(p, {}, {}).certificate.objective));
}

TEST_CASE("values beyond the screening kernel's range never give a query a model that is not there or not allowed") {
  for (const float huge : {1e25f, 1e28f, 1e30f})
    for (const bool masked : {false, true}) {
      CAPTURE(huge);
      CAPTURE(masked);
      Instance instance = plain(20'000, 2, 3);
      Problem& p = instance.problem;
      instance.cost[2 * 19'999] = instance.cost[2 * 19'999 + 1] = huge;
      p.limits = {{kQuality, true, 0.5 * 20'000, kAll, kAll}};
      if (masked) {
        instance.allowed.assign(p.rows, 3);
        instance.allowed.back() = 1;
        p.allowed = instance.allowed.data();
      }
      for (const compute::Isa isa :
           {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
        if (!compute::supported(isa)) continue;
        compute::setIsa(isa);
        const Solution s = solve(p, {}, {});
        compute::setIsa(std::nullopt);
        for (size_t i = 0; i < p.rows; ++i) REQUIRE((p.allowedModels(i) >> s.choice[i] & 1) == 1);
      }
    }
}

TEST_CASE("a tie-break never passes for the objective: what is called optimal is, as stated") {
  Instance instance = plain(2, 2, 1);
  Problem& p = instance.problem;
  instance.cost = {1, 1.00000012f, 1, 3};
  instance.tokens = {1000, 0, 0, 0};
  p.quantities[kCost].values = instance.cost.data();
  p.quantities[kTokens].values = instance.tokens.data();
  p.objective = {1, 0, 0};
  p.tieBreak = kTokens;
  const Solution s = solve(p, {}, {});
  CHECK(s.status == Status::optimal);
  CHECK(s.certificate.objective == 2);
}

TEST_CASE("a warm start that is not one price per limit is refused") {
  Instance instance = plain(10, 3, 1);
  Problem& p = instance.problem;
  p.limits = {{kQuality, true, 1, kAll, kAll}, {kCost, false, 1e6, kAll, kAll}};
  for (const std::vector<double>& bad : {std::vector<double>{1}, {1, -1}, {1, std::nan("")}, {1, 1e200}}) {
    Options options;
    options.warmStart = bad;
    CHECK_THROWS_AS(solve(p, options, {}), InvalidArgument);
  }
}
