#include "assignment/sampled_prices.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "assignment/solver.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

constexpr size_t kRows = 40'000, kModels = 8;

// A floor midway between the cheapest plan and the best, and capacities that sum to a little more than the rows: no row
// resists a common shift of their prices.
Instance tight(uint64_t seed) {
  Instance instance = plain(kRows, kModels, seed);
  Problem& p = instance.problem;
  double cheapest = 0;
  for (size_t i = 0; i < kRows; ++i) {
    const float* cost = p.row(kCost, i);
    cheapest += static_cast<double>(p.row(kQuality, i)[std::min_element(cost, cost + kModels) - cost]);
  }
  p.limits = {{kQuality, true, cheapest + 0.3 * (reachOf(p, kQuality, true) - cheapest), kAll, kAll}};
  for (int j = 0; j < static_cast<int>(kModels); ++j)
    p.limits.push_back({kRequests, false, std::floor(1.02 * kRows / kModels), kAll, j});
  return instance;
}

// The search's first two stages, as price_search.cc runs them.
struct Sampled {
  Sampled(const Problem& p, uint64_t seed, double highest)
      : terms(p), climb(p, terms, cancel, highest, search), sampled(climb, seed) {
    search.choice.assign(p.rows, 0);
    const RowSet set = openRows(p, sampled.sample());
    search.scale = measureScale(p, terms, set);
    climb.everywhere = PriceBox::all(search.scale);
    climb.start(nullptr);
    sampled.findNeighbourhood(set);
    sampled.cool(set);
    firstError = sampled.deviations();
    climb.firstSample = false;
    sampled.correct();
  }
  const Terms terms;
  const compute::CancelFlag cancel{};
  PriceSearch search;
  PriceClimb climb;
  SampledPrices sampled;
  Eigen::VectorXd firstError;
};

}  // namespace

TEST_CASE("a direction no row resists counts as no error, and the best prices lie where samples expect them") {
  int within = 0, runs = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    const Instance instance = tight(seed);
    const Problem& p = instance.problem;
    Options exact;
    exact.gapTolerance = 0;
    const Solution best = solve(p, exact, {});
    REQUIRE(best.certificate.holds);
    const Eigen::VectorXd prices = Eigen::Map<const Eigen::VectorXd>(best.prices.data(), p.limits.size());
    const Sampled s(p, seed, PriceBox::kDivergence);
    CHECK_FALSE(s.sampled.tied());
    CHECK(s.firstError.maxCoeff() > 0.005);
    CHECK(s.firstError.maxCoeff() < 0.2);
    CHECK(s.sampled.deviations().maxCoeff() < 0.02);
    CHECK(s.search.evaluations < 50);
    ++runs;
    within += s.sampled.expected(1).contains(prices) ? 1 : 0;
  }
  CHECK(within >= runs - 1);
}

TEST_CASE("a floor just out of reach is given up on before all rows are walked, where that is wanted") {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    CAPTURE(seed);
    Instance instance = tight(seed);
    Problem& p = instance.problem;
    Problem most = p;
    most.objective = {0, -1, 0};
    most.limits.erase(most.limits.begin());
    const Solution best = solve(most, {}, {});
    REQUIRE(best.certificate.holds);
    p.limits.front().bound = best.certificate.quantity[kQuality] + 0.0005 * kRows;
    CHECK(Sampled(p, seed, 1000).search.diverged);
    CHECK(solve(p, {}, {}).status == Status::infeasible);
  }
}
