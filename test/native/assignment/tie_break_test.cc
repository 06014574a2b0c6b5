#include "assignment/tie_break.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/naive.h"
#include "native/assignment/refutation.h"

namespace omnirouter::assignment::test {

namespace {

enum : int { kFirst, kSecond };

// Values on a grid, so that many plans come to the same.
struct Grid {
  std::vector<float> first, second;
  std::vector<uint16_t> groups;
  Problem problem;

  Grid(uint64_t seed, size_t rows, size_t models) {
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return random() % n; };
    const uint64_t steps = 1 + below(4);
    for (size_t e = 0; e < rows * models; ++e) {
      first.push_back(static_cast<float>(below(steps + 1)) / static_cast<float>(steps == 3 ? 4 : steps));
      second.push_back(static_cast<float>(below(4)) / 4);
    }
    for (size_t i = 0; i < rows; ++i) groups.push_back(static_cast<uint16_t>(below(2)));
    Problem& p = problem;
    p.rows = rows;
    p.models = models;
    p.quantities = {{first.data(), 1e30}, {second.data(), 1}};
    const bool maximise = below(3) == 0;
    p.objective = {maximise ? -1.0 : 1.0, 0};
    p.tieBreak = kSecond;
    p.tieLarge = below(4) != 0;
    p.groups = groups.data();
    p.groupCount = 2;
    const auto half = static_cast<double>(rows) / 2;
    if (below(2) == 0) p.limits.push_back({kSecond, true, half * 0.25 * static_cast<double>(1 + below(5)), kAll, kAll});
    if (below(2) == 0)
      p.limits.push_back(
          {kRequests, false, static_cast<double>(1 + below(rows)), kAll, static_cast<int>(below(models))});
    if (below(3) == 0)
      p.limits.push_back({kRequests, true, static_cast<double>(below(3)), static_cast<int>(below(2)), kAll});
    if (below(3) == 0)
      p.limits.push_back(
          {kFirst, false, half * static_cast<double>(1 + below(3)) / 2, static_cast<int>(below(2)), kAll});
  }
};

// The least objective and, of plans that have it, the best of the tie-break.
struct Best {
  double objective = std::numeric_limits<double>::infinity(), tie = objective;
};

Best enumerateBest(const Problem& p) {
  Best best;
  Problem both = p;
  both.limits.push_back({p.tieBreak, false, 1e30, kAll, kAll});  // whose sum is the tie-break's
  Plans(both).forEach([&](double objective, const double* total) {
    for (size_t l = 0; l < p.limits.size(); ++l)
      if (p.limits[l].sign() * (total[l] - p.limits[l].bound) > tolerance(p.limits[l])) return;
    const double tie = p.tieSign() * total[p.limits.size()];
    if (objective < best.objective || (objective == best.objective && tie < best.tie)) best = {objective, tie};
  });
  return best;
}

double tieOf(const Problem& p, const Solution& s) {
  return p.tieSign() * s.certificate.quantity[static_cast<size_t>(p.tieBreak)];
}

}  // namespace

TEST_CASE("of plans of equal objective, the one is given that the tie-break prefers: few rows beside enumeration") {
  int compared = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    const Grid grid(seed, 2 + seed % 5, 2 + seed % 3);
    const Problem& p = grid.problem;
    const Best best = enumerateBest(p);
    const Solution s = solve(p, {}, {});
    CHECK(hasPlan(s.status) == (best.objective < std::numeric_limits<double>::infinity()));
    if (!hasPlan(s.status)) continue;
    ++compared;
    // An objective of 0 is known within the rounding of what prices come to.
    CHECK((s.status == Status::optimal || (s.certificate.objective == 0 && s.bound >= -1e-12)));
    CHECK(s.certificate.objective == best.objective);
    CHECK(tieOf(p, s) == best.tie);
  }
  CHECK(compared > 1000);
}

TEST_CASE("of many rows whose models cost the same each gets its best, as far as capacities allow") {
  for (const size_t rows : {16, 256, 700, 5000, 20'000}) {
    CAPTURE(rows);
    constexpr size_t kModels = 3;
    std::mt19937_64 random(rows);
    std::vector<float> cost(rows * kModels), quality(rows * kModels);
    double best = 0;
    for (size_t i = 0; i < rows; ++i) {
      const auto price = static_cast<float>(1 + random() % 1000) / 1000;
      float most = 0;
      for (size_t j = 0; j < kModels; ++j) {
        cost[i * kModels + j] = price;
        quality[i * kModels + j] = static_cast<float>(random() % 1000) / 1000;
        most = std::max(most, quality[i * kModels + j]);
      }
      best += static_cast<double>(most);
    }
    Problem p;
    p.rows = rows;
    p.models = kModels;
    p.quantities = {{cost.data(), 1e30}, {quality.data(), 1}};
    p.objective = {1, 0};
    p.tieBreak = kSecond;
    p.tieLarge = true;
    CHECK(solve(p, {}, {}).certificate.quantity[kSecond] == doctest::Approx(best).epsilon(1e-9));
    p.limits = {{kSecond, true, 0.5 * static_cast<double>(rows), kAll, kAll}};
    CHECK(solve(p, {}, {}).certificate.quantity[kSecond] == doctest::Approx(best).epsilon(1e-9));

    // Beside the best quality there is under the capacities.
    for (int j = 0; j < static_cast<int>(kModels); ++j)
      p.limits.push_back({kRequests, false, std::ceil(static_cast<double>(rows) * (0.2 + 0.15 * j) + 2), kAll, j});
    const Solution held = solve(p, {}, {});
    Problem highest = p;
    highest.objective = {0, -1};
    highest.tieBreak = -1;
    const Solution most = solve(highest, {}, {});
    REQUIRE(hasPlan(held.status));
    REQUIRE(hasPlan(most.status));
    CHECK(held.certificate.quantity[kSecond] >= most.certificate.quantity[kSecond] * (1 - 1e-4));
  }
}

}  // namespace omnirouter::assignment::test
