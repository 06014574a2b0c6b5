#include "assignment/approach.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/naive.h"
#include "native/assignment/refutation.h"

namespace omnirouter::assignment::test {

TEST_CASE("where what is minimised has a floor, amounts of all sizes are put together to little more than it") {
  int far = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    const size_t rows = 20 + random() % 180, models = 2 + random() % 6;
    std::vector<float> cost(rows * models), quality(rows * models);
    for (float& value : cost) value = static_cast<float>(std::pow(10.0, 12 * unit() - 12));
    for (float& value : quality) value = static_cast<float>(unit());
    Problem p;
    p.rows = rows;
    p.models = models;
    p.quantities = {{cost.data(), 1e30}, {quality.data(), 1}};
    p.objective = {1, 0};
    // A plan that is there: its cost is the floor.
    double least = 0, mean = 0;
    std::vector<double> held(models);
    for (size_t i = 0; i < rows; ++i) {
      const size_t j = random() % models;
      least += static_cast<double>(cost[i * models + j]);
      mean += static_cast<double>(quality[i * models + j]);
      ++held[j];
    }
    p.limits = {{0, true, least, kAll, kAll}, {1, true, 0.95 * mean, kAll, kAll}};
    if (seed % 2 == 0) p.limits.push_back({kRequests, false, held[0], kAll, 0});
    const Solution s = solve(p, {}, {});
    CHECK(falseReport(p, s) == "");
    REQUIRE(hasPlan(s.status));
    CHECK(s.bound <= least * (1 + 1e-12));
    far += s.certificate.objective > 1.1 * least;
  }
  CHECK(far == 0);
}

}  // namespace omnirouter::assignment::test
