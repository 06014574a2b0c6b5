#include "assignment/direct.h"

#include <doctest/doctest.h>

#include <vector>

#include "native/assignment/naive.h"

using namespace omnirouter::assignment;

namespace {

const std::vector<float> kCost{1, 2, 6, 3}, kQuality{0.25F, 0.5F, 1, 0.25F};

Problem oneRow() {
  Problem p;
  p.rows = 1;
  p.models = 4;
  p.quantities = {{kCost.data(), 1e9}, {kQuality.data(), 1}};
  p.objective = {1, 0};
  return p;
}

}  // namespace

TEST_CASE("one row: the best model that holds every limit, and the price of the limit in the way") {
  Problem p = oneRow();
  p.limits = {{1, true, 0.75, kAll, kAll}, {kRequests, false, 1, kAll, 2}};
  const auto direct = solveDirectly(p);
  REQUIRE(direct);
  CHECK(direct->choice == std::vector<uint8_t>{2});
  CHECK(direct->prices[0] == doctest::Approx((6 - 2) / (1 - 0.5)));
  CHECK(direct->prices[1] == 0);
  // The relaxation's optimum: half of model 1, half of model 2.
  CHECK(test::dual(p, direct->prices) == doctest::Approx(4));
}

TEST_CASE("one row that no model can serve is left to the search") {
  Problem p = oneRow();
  p.limits = {{1, true, 0.75, kAll, kAll}, {kRequests, false, 0, kAll, 2}};
  CHECK_FALSE(solveDirectly(p));
}

TEST_CASE("limits that the cheapest models meet cost nothing") {
  Problem p = oneRow();
  p.rows = 2;
  p.models = 2;  // rows (1, 2) and (6, 3)
  p.limits = {{1, true, 0.5, kAll, kAll}, {kRequests, false, 1, kAll, 0}};
  const auto direct = solveDirectly(p);
  REQUIRE(direct);
  CHECK(direct->choice == std::vector<uint8_t>{0, 1});
  CHECK(direct->prices.isZero());
  p.limits[0].bound = 0.75;
  CHECK_FALSE(solveDirectly(p));
}

TEST_CASE("among models that cost the same the tie-break decides, then the index") {
  const std::vector<float> same{1, 1, 1, 1}, latency{3, 2, 2, 5};
  Problem p = oneRow();
  p.quantities = {{same.data(), 1e9}, {latency.data(), 1e9}};
  CHECK(solveDirectly(p)->choice == std::vector<uint8_t>{0});
  p.tieBreak = 1;
  CHECK(solveDirectly(p)->choice == std::vector<uint8_t>{1});
}
