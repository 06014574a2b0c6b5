#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "assignment/cooling.h"
#include "assignment/solver.h"
#include "native/assignment/tied.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

TEST_CASE("pure ties are solved to a small gap, and what cannot be met is proven so") {
  for (const size_t rows : {6000, 40000}) {
    CAPTURE(rows);
    const Tied reachable(4, 0.9, rows);
    const Solution solution = solve(reachable.problem, {}, {});
    CHECK(solution.certificate.holds);
    CHECK(solution.gap <= 1e-4);

    Problem most = reachable.problem;
    most.objective = {0, -1};
    most.limits.erase(most.limits.begin());
    const Solution best = solve(most, {}, {});
    CHECK(best.certificate.holds);
    CHECK(best.gap <= 1e-6);

    Problem beyond = reachable.problem;
    beyond.limits[0].bound = -best.bound + 1;
    CHECK(solve(beyond, {}, {}).status == Status::infeasible);
  }
}

TEST_CASE("capacities that sum to exactly the rows, equal models and costs of nothing") {
  Tied tied(5, 0.5, 40000);
  Problem p = tied.problem;
  p.objective = {0, -1};
  p.limits.erase(p.limits.begin());
  const double each = static_cast<double>(p.rows) / static_cast<double>(p.models);
  for (Limit& limit : p.limits) limit.bound = each;
  const Solution exact = solve(p, {}, {});
  CHECK(exact.certificate.holds);
  CHECK(exact.gap <= 1e-6);
  p.limits[0].bound -= 1;
  CHECK(solve(p, {}, {}).status == Status::infeasible);
  p.limits[0].bound += 1;

  for (size_t e = 0; e < tied.quality.size(); ++e)
    if (e % p.models != 0) tied.quality[e] = tied.quality[e - 1];
  const Solution equal = solve(p, {}, {});
  CHECK(equal.certificate.holds);
  CHECK(equal.gap <= 1e-12);

  std::fill(tied.cost.begin(), tied.cost.end(), 0.0f);
  Problem free = tied.problem;
  free.limits[0].bound = std::accumulate(tied.quality.begin(), tied.quality.end(), 0.0) / static_cast<double>(p.models);
  const Solution none = solve(free, {}, {});
  CHECK(none.certificate.holds);
  CHECK(none.certificate.objective == 0);
  CHECK(none.status == Status::optimal);
}

TEST_CASE("kinds of rows are cooled for prices, and rows are left for the plan") {
  const Tied tied(4, 0.9);
  const Problem& p = tied.problem;
  const Terms terms(p);
  const compute::CancelFlag cancel;
  PriceSearch search;
  search.choice.assign(p.rows, 0);
  PriceClimb climb(p, terms, cancel, PriceBox::kDivergence, search);
  RowSet rows = openRows(p, RowSample::all(p.rows));
  search.scale = measureScale(p, terms, rows);
  climb.everywhere = PriceBox::all(search.scale);
  climb.start(nullptr);
  Cooling cooling(climb, 1e-6, true);
  cooling.begin(std::move(rows), climb.everywhere);
  REQUIRE(search.levels.back().counted());
  CHECK(search.levels.back().size() < p.rows / 2);
  CHECK(cooling.coolToTheEnd());
  CHECK_FALSE(search.levels.back().counted());
}

// Nearly as many kinds as rows: neither are they searched by kinds from the first, nor are they never alike.
TEST_CASE("the highest quality where many models are tied, but kinds of rows are many") {
  constexpr size_t kRows = 40'000, kModels = 64, kTopics = 12;
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> ability;
  for (size_t e = 0; e < kTopics * kModels; ++e)
    ability.push_back(-0.8 + 2.4 * static_cast<double>(e % kModels) / (kModels - 1) + 0.5 * normal(random));
  std::vector<float> quality;
  for (size_t i = 0; i < kRows; ++i) {
    const double difficulty = normal(random);
    const size_t topic = random() % kTopics;
    for (size_t j = 0; j < kModels; ++j) {
      const double logit = 1.7 * (ability[topic * kModels + j] - difficulty) + 0.5 * normal(random);
      quality.push_back(static_cast<float>(std::round(16 / (1 + std::exp(-logit))) / 16));
    }
  }
  Problem p;
  p.rows = kRows;
  p.models = kModels;
  p.quantities = {{quality.data(), 1.0}};
  p.objective = {-1};
  for (size_t j = 0; j < kModels; ++j)
    p.limits.push_back({kRequests, false, std::ceil(1.02 * kRows / kModels), kAll, static_cast<int>(j)});
  // It takes more work than a solve may do without a limit of time.
  Options options;
  options.timeLimit = 60'000;
  const Solution s = solve(p, options, {});
  CHECK(s.certificate.holds);
  CHECK(s.gap <= 1e-6);
}
