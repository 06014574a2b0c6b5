#include "assignment/vertex_plan.h"

#include <doctest/doctest.h>

#include <vector>

#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

constexpr size_t kPlenty = 10'000'000;

double costOf(const Problem& p, const std::vector<uint8_t>& choice) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) sum += objectiveOf(p, i, choice[i]);
  return sum;
}

}  // namespace

// Also at prices that are no vertex: they bound less, and the plan is the best all the same.
TEST_CASE("the best plan is found at any prices, or that there is none") {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    const Terms terms(p);
    const RowSet rows = openRows(p, RowSample::all(p.rows));
    const Scale scale = measureScale(p, terms, rows);
    const Eigen::VectorXd prices = (seed % 3) * 0.4 * scale.price;
    std::vector<uint8_t> choice(p.rows, 0);
    const VertexPlan plan = planAtVertex(p, terms, rows, scale, prices, 0, kPlenty, choice.data(), {});
    CHECK(plan.found == truth.feasible);
    CHECK(plan.exhausted);
    ++(truth.feasible ? feasible : infeasible);
    if (!truth.feasible) continue;
    CHECK(costOf(p, choice) == doctest::Approx(truth.objective).epsilon(1e-6));

    // From any plan at all, to the same.
    std::vector<uint8_t> other(p.rows);
    for (size_t i = 0; i < p.rows; ++i) {
      size_t j = (seed + i) % p.models;
      while (!isAllowed(p, i, j)) j = (j + 1) % p.models;
      other[i] = static_cast<uint8_t>(j);
    }
    CHECK(improveAtVertex(p, terms, rows, scale, prices, 0, 0, kPlenty, other.data(), {}).exhausted);
    CHECK(costOf(p, other) == doctest::Approx(truth.objective).epsilon(1e-6));
  }
  CHECK(feasible > 200);
  CHECK(infeasible > 50);
}

TEST_CASE("out of nodes, nothing is called proven") {
  const Instance instance = randomInstance(3, 6, 4);
  const Problem& p = instance.problem;
  const Terms terms(p);
  const RowSet rows = openRows(p, RowSample::all(p.rows));
  const Scale scale = measureScale(p, terms, rows);
  std::vector<uint8_t> choice(p.rows, 0);
  const VertexPlan plan =
      planAtVertex(p, terms, rows, scale, Eigen::VectorXd::Zero(scale.price.size()), 0, 1, choice.data(), {});
  CHECK_FALSE(plan.exhausted);
  CHECK(plan.nodes <= 1);
}

TEST_CASE("a plan within the tolerance ends the search, and only what was searched to the end is called best") {
  constexpr double kTolerance = 0.2;
  int enough = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    if (!truth.feasible || truth.objective < 0) continue;
    const Terms terms(p);
    const RowSet rows = openRows(p, RowSample::all(p.rows));
    const Scale scale = measureScale(p, terms, rows);
    const Eigen::VectorXd prices = 0.2 * scale.price;
    std::vector<uint8_t> choice(p.rows, 0);
    const VertexPlan plan = planAtVertex(p, terms, rows, scale, prices, kTolerance, kPlenty, choice.data(), {});
    CHECK(plan.found);
    CHECK(plan.enough != plan.exhausted);
    const double cost = costOf(p, choice);
    if (plan.exhausted) CHECK(cost == doctest::Approx(truth.objective).epsilon(1e-6));
    if (plan.enough) CHECK(cost <= truth.objective * (1 + kTolerance) / (1 - kTolerance) + 1e-9);
    enough += plan.enough;
  }
  CHECK(enough > 20);
}
