#include "assignment/exact.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "native/assignment/instances.h"
#include "native/assignment/naive.h"
#include "native/assignment/opened.h"

using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// The gaps of all plans that hold the group's limits, by their definition, in order.
std::vector<double> gapsOf(const Problem& p, const Eigen::VectorXd& prices, int group) {
  std::vector<double> gaps;
  std::vector<uint8_t> choice(p.rows, 0);
  for (;;) {
    const std::vector<double> slack = slacks(p, choice);
    double gap = 0;
    for (size_t i = 0; i < p.rows; ++i) gap += reducedValue(p, prices, i, choice[i]) - leastReducedValue(p, prices, i);
    bool holds = true;
    for (size_t l = 0; l < p.limits.size(); ++l)
      if (p.limits[l].group == group) {
        holds = holds && slack[l] >= -rounding(p.limits[l]);
        gap += prices[static_cast<Eigen::Index>(l)] * slack[l];
      }
    if (holds) gaps.push_back(gap);
    size_t i = 0;
    while (i < p.rows && ++choice[i] == p.models) choice[i++] = 0;
    if (i == p.rows) break;
  }
  std::sort(gaps.begin(), gaps.end());
  return gaps;
}

}  // namespace

TEST_CASE("the plans of a group are ranked by what they cost at the prices of all groups' limits") {
  constexpr size_t kCount = 12;
  int several = 0, none = 0;
  for (uint64_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(6, 3, seed);
    Problem& p = instance.problem;
    instance.groups.assign(p.rows, 1);
    p.groups = instance.groups.data();
    p.groupCount = 2;
    const double share = 0.6 + 0.1 * static_cast<double>(seed % 5);
    p.limits.push_back({kQuality, true, share * reachOf(p, kQuality, true), 1, kAll});
    p.limits.push_back(
        {kTokens, false, 0.3 * reachOf(p, kTokens, true), kAll, 2});  // not the group's: only its price counts
    p.limits.push_back({kQuality, true, 1, 0, kAll});                 // another group's
    if (seed % 3 == 0) p.limits.push_back({kCost, false, 0.5 * reachOf(p, kCost, true), 1, kAll});
    Opened opened(p);
    opened.prices = 0.3 * opened.scale.price;
    OpenPlan plan(p, opened.terms, opened.scale, opened.prices, opened.rows.decided);
    for (size_t i = 0; i < opened.rows.size(); ++i) plan.add(opened.rows[i], seed % p.models);

    const std::vector<double> gaps = gapsOf(p, opened.prices, 1);
    const Ranking ranking = rankPlans(p, plan, 1, 1e9, kCount, 1'000'000, {});
    CHECK(ranking.exhausted);
    REQUIRE(ranking.plans.size() == std::min(kCount, gaps.size()));
    ++(gaps.empty() ? none : several);
    if (gaps.empty()) continue;
    CHECK(ranking.least == doctest::Approx(gaps[0]).epsilon(1e-5));
    for (size_t k = 0; k < ranking.plans.size(); ++k) {
      double gap = 0;
      std::vector<uint8_t> choice;
      for (size_t i = 0; i < p.rows; ++i) {
        choice.push_back(plan.candidates()[ranking.plans[k][i]].model);
        gap += plan.candidates()[ranking.plans[k][i]].regret;
      }
      const std::vector<double> slack = slacks(p, choice);
      for (size_t l = 0; l < p.limits.size(); ++l)
        if (p.limits[l].group == 1) gap += opened.prices[static_cast<Eigen::Index>(l)] * slack[l];
      CHECK(gap == doctest::Approx(gaps[k]).epsilon(1e-9));
    }
    // Of those below a gap, and with few nodes.
    const double below = gaps[gaps.size() / 2];
    const auto lower =
        static_cast<size_t>(std::lower_bound(gaps.begin(), gaps.end(), below * (1 - 1e-9)) - gaps.begin());
    CHECK(rankPlans(p, plan, 1, below * (1 - 1e-9), gaps.size(), 1'000'000, {}).plans.size() == lower);
    const Ranking cut = rankPlans(p, plan, 1, 1e9, kCount, 3, {});
    CHECK(cut.nodes <= 3);
    CHECK_FALSE(cut.exhausted);
    CHECK(cut.least == 0);
  }
  CHECK(several > 60);
  CHECK(none > 5);
}
