#include "assignment/joined_plans.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

using namespace omnirouter::assignment;

namespace {

constexpr size_t kGroups = 4, kPlans = 6, kLimits = 3;
constexpr double kNever = std::numeric_limits<double>::infinity();

struct Groups {
  double value[kGroups][kPlans];
  std::vector<double> use[kGroups][kPlans];
  std::vector<double> slack, price;

  explicit Groups(uint64_t seed, double tightness) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    slack.assign(kLimits, tightness * kGroups);
    for (size_t c = 0; c < kLimits; ++c) price.push_back(0.2 * uniform(random));
    for (size_t g = 0; g < kGroups; ++g)
      for (size_t k = 0; k < kPlans; ++k) {
        for (size_t c = 0; c < kLimits; ++c) use[g][k].push_back(uniform(random));
        value[g][k] = uniform(random);
      }
  }
  // Value and priced slack; kNever if a limit is missed.
  double costOf(const std::vector<size_t>& chosen) const {
    std::vector<double> left = slack;
    double cost = 0;
    for (size_t g = 0; g < kGroups; ++g) {
      cost += value[g][chosen[g]];
      for (size_t c = 0; c < kLimits; ++c) left[c] -= use[g][chosen[g]][c];
    }
    for (size_t c = 0; c < kLimits; ++c) {
      if (left[c] < 0) return kNever;
      cost += price[c] * left[c];
    }
    return cost;
  }
  double best() const {
    double best = kNever;
    std::vector<size_t> chosen(kGroups, 0);
    for (;;) {
      best = std::min(best, costOf(chosen));
      size_t g = 0;
      while (g < kGroups && ++chosen[g] == kPlans) chosen[g++] = 0;
      if (g == kGroups) return best;
    }
  }
  std::vector<size_t> join() const {
    JoinedPlans joined(slack, price);
    for (size_t g = 0; g < kGroups; ++g) {
      joined.addGroup();
      for (size_t k = 0; k < kPlans; ++k) joined.addPlan(value[g][k], use[g][k]);
    }
    return joined.join({});
  }
};

}  // namespace

TEST_CASE("plans of groups are joined so that common limits hold, at little more than the least cost") {
  int feasible = 0, held = 0, best = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Groups groups(seed, 0.25 + 0.05 * static_cast<double>(seed % 5));
    const double least = groups.best();
    const double cost = groups.costOf(groups.join());
    CHECK(cost >= least - 1e-12);
    if (least == kNever) continue;
    ++feasible;
    held += cost < kNever;
    best += cost <= least + 1e-12;
  }
  CHECK(feasible > 200);
  CHECK(held > 0.9 * feasible);
  CHECK(best > 0.6 * feasible);
}

TEST_CASE("two groups' plans change together where neither can alone") {
  // Whoever has the place costs 1 less; the second group gains more by it.
  JoinedPlans joined(std::vector<double>{1}, std::vector<double>{0});
  for (const double gain : {1.0, 3.0}) {
    joined.addGroup();
    joined.addPlan(gain > 2 ? 5 : 5 - gain, std::vector<double>{gain > 2 ? 0.0 : 1.0});
    joined.addPlan(gain > 2 ? 5 - gain : 5, std::vector<double>{gain > 2 ? 1.0 : 0.0});
  }
  CHECK(joined.join({}) == std::vector<size_t>{1, 1});
}

TEST_CASE("one group, one plan, no limit") {
  JoinedPlans joined({}, {});
  joined.addGroup();
  joined.addPlan(1, {});
  CHECK(joined.join({}) == std::vector<size_t>{0});
}
