#include "assignment/reach.h"

#include <doctest/doctest.h>

#include <cmath>

#include "assignment/certificate.h"
#include "assignment/solver.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

TEST_CASE("a sample's prices prove what is out of reach by little, and never what is not") {
  constexpr size_t kRows = 20'000, kModels = 6;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(kRows, kModels, seed);
    Problem others = instance.problem;
    for (int j = 0; j < static_cast<int>(kModels); ++j)
      others.limits.push_back({kRequests, false, std::floor(1.05 * kRows / kModels), kAll, j});
    const bool floor = seed % 2 == 0;
    Limit limit{floor ? kQuality : kCost, floor, 0, kAll, kAll};
    const Reach best = reachLimit(others, limit, {}, {});
    REQUIRE(best.found);

    // The ray of the problem with the limit among its limits: 1 for what it lacks, the sample's prices for the others.
    int offers = 0;
    const auto provenBeyond = [&](double share) {
      Problem all = others;
      limit.bound = best.value * (1 - limit.sign() * share);
      all.limits.insert(all.limits.begin(), limit);
      offers = 0;
      return sampleReach(others, limit, seed, {}, [&](std::span<const double> prices) {
        ++offers;
        REQUIRE(prices.size() == others.limits.size());
        std::vector<double> ray{1.0};
        ray.insert(ray.end(), prices.begin(), prices.end());
        return rayValue(all, ray, {}) > 0;
      });
    };
    CHECK(provenBeyond(0.005));
    CHECK(offers >= 1);
    CHECK_FALSE(provenBeyond(0));
    // As many as there are temperatures to offer prices at.
    CHECK(offers == 3);
  }
}

TEST_CASE("few rows, or no other limit, are not asked by a sample") {
  const auto asked = [](size_t rows, bool limited) {
    Instance instance = plain(rows, 3, 1);
    Problem others = instance.problem;
    if (limited) others.limits = {{kRequests, false, 0.4 * static_cast<double>(rows), kAll, 2}};
    bool any = false;
    sampleReach(others, {kQuality, true, 1e9, kAll, kAll}, 1, {}, [&](std::span<const double>) { return any = true; });
    return any;
  };
  CHECK(asked(5000, true));
  CHECK_FALSE(asked(2000, true));
  CHECK_FALSE(asked(5000, false));
}
