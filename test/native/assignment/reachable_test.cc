#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/naive.h"
#include "native/assignment/refutation.h"

namespace omnirouter::assignment::test {

TEST_CASE("amounts that are nothing beside others of the quantity still meet a limit of their own size") {
  const std::vector<float> amount{1e-24F, 0, 0, 0, 0, 2e-24F, 1, 1, 2e-24F}, cost{2, 1, 0, 2, 1, 1, 2, 0, 0};
  Problem p;
  p.rows = 3;
  p.models = 3;
  p.quantities = {{amount.data(), 1e30}, {cost.data(), 1e30}};
  p.objective = {0, 1};
  p.limits = {{0, true, 5e-25, kAll, 0}};
  const Solution s = solve(p, {}, {});
  CHECK(s.status == Status::optimal);
  CHECK(s.certificate.holds);
  CHECK(s.certificate.objective == 3);
}

TEST_CASE("what is reachable lies within what the rows come to, and can be asked for") {
  int asked = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    const size_t rows = 3 + random() % 60, models = 2 + random() % 4;
    std::vector<float> quality(rows * models), cost(rows * models);
    for (float& value : quality) value = static_cast<float>(unit());
    for (float& value : cost) value = static_cast<float>(std::pow(10.0, (seed % 3 == 0 ? 9 : 2) * unit()));
    Problem p;
    p.rows = rows;
    p.models = models;
    p.quantities = {{quality.data(), 1}, {cost.data(), 1e30}};
    p.objective = {0, 1};
    double first = 0;
    for (size_t i = 0; i < rows; ++i) first += static_cast<double>(cost[i * models]);
    p.limits = {{0, true, 0.9999 * static_cast<double>(rows), kAll, kAll}};
    if (seed % 2 == 0) p.limits.push_back({1, false, first * (0.2 + unit()), kAll, kAll});
    const Solution missed = solve(p, {}, {});
    if (missed.status != Status::infeasible) continue;
    for (const Reachable& reachable : missed.reachable) {
      const Limit& limit = p.limits[static_cast<size_t>(reachable.limit)];
      double least = 0, most = 0;
      for (size_t i = 0; i < rows; ++i) {
        const float* values = p.row(static_cast<size_t>(limit.quantity), i);
        least += static_cast<double>(*std::min_element(values, values + models));
        most += static_cast<double>(*std::max_element(values, values + models));
      }
      CHECK(reachable.bound >= least * (1 - 1e-12));
      CHECK(reachable.bound <= most * (1 + 1e-12));
      if (!reachable.found) continue;
      CHECK(limit.sign() * reachable.value >= limit.sign() * reachable.bound);
      Problem again = p;
      again.limits[static_cast<size_t>(reachable.limit)].bound = reachable.value;
      const Solution held = solve(again, {}, {});
      ++asked;
      CHECK(hasPlan(held.status));
      CHECK(falseReport(again, held) == "");
      CHECK(held.bound <= held.certificate.objective);
    }
  }
  CHECK(asked > 200);
}

}  // namespace omnirouter::assignment::test
