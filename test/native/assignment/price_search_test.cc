// What the search for prices does where samples say little or something else than the whole.
#include "assignment/price_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

// Of a tenant whose floor lies just below the most that its rows can reach, half of all samples can reach less.
TEST_CASE("limits that hold together have prices, though the sample's do not hold together") {
  constexpr size_t kRows = 12'000, kModels = 6, kTenants = 40;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    Instance instance = plain(kRows, kModels, seed);
    Problem& p = instance.problem;
    for (size_t i = 0; i < kRows; ++i) instance.groups.push_back(static_cast<uint16_t>(i * i % 9973 % kTenants));
    p.groups = instance.groups.data();
    p.groupCount = kTenants;
    std::vector<double> most(kTenants, 0.0);
    for (size_t i = 0; i < kRows; ++i) {
      const float* quality = p.row(kQuality, i);
      most[p.group(i)] += static_cast<double>(*std::max_element(quality, quality + kModels));
    }
    for (size_t g = 0; g < kTenants; ++g)
      p.limits.push_back({kQuality, true, 0.9995 * most[g], static_cast<int>(g), kAll});
    const Terms terms(p);
    const PriceSearch search = searchPrices(p, terms, nullptr, 1e-6, 1, {});
    CHECK_FALSE(search.diverged);
    CHECK(search.prices.cwiseQuotient(search.scale.price).maxCoeff() < 1000);
    const Solution s = solve(p, {}, {});
    CHECK(s.certificate.holds);
    CHECK(s.gap < 1e-2);
  }
}
