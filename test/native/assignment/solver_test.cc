#include "assignment/solver.h"

#include <doctest/doctest.h>

#include <string>

#include "compute/pool.h"
#include "errors.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

bool hasPlan(Status status) {
  return status == Status::optimal || status == Status::withinTolerance || status == Status::feasible;
}

// Bounds are of the limits as stated; a plan may use their tolerance, which is worth its price.
double toleranceWorth(const Problem& p, const Solution& s) {
  double worth = 0;
  for (size_t l = 0; l < p.limits.size(); ++l) worth += s.prices[l] * tolerance(p.limits[l]);
  return worth;
}

// What must be so for every answer, whatever the truth.
void checkConsistent(const Problem& p, const Solution& s) {
  REQUIRE(s.choice.size() == p.rows);
  for (size_t i = 0; i < p.rows; ++i) REQUIRE((p.allowedModels(i) >> s.choice[i] & 1) == 1);
  for (const double price : s.prices) CHECK(price >= 0);
  CHECK(s.certificate.holds == hasPlan(s.status));
  if (!hasPlan(s.status)) return;
  const double size = std::max(std::abs(s.certificate.objective), std::abs(s.bound));
  CHECK(s.certificate.objective >= s.bound - toleranceWorth(p, s) - 1e-9 * size);
}

}  // namespace

TEST_CASE(
    "small problems of every kind of limit: the plan is the enumerated optimum, infeasibility is the truth") {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    const Solution s = solve(p, {}, {});
    checkConsistent(p, s);
    CHECK(s.status == (truth.feasible ? Status::optimal : Status::infeasible));
    if (truth.feasible) {
      ++feasible;
      // A tie-break may cost 1e-7 of the objective's spread, and nothing else may.
      const double allowance = (p.tieBreak >= 0 ? 1e-5 : 1e-9) * std::abs(truth.objective) + 1e-15;
      CHECK(std::abs(s.certificate.objective - truth.objective) <= allowance);
      CHECK(s.certificate.dual <= truth.objective + 1e-9 * std::abs(truth.objective) + toleranceWorth(p, s));
    } else {
      ++infeasible;
    }
  }
  CHECK(feasible > 1000);
  CHECK(infeasible > 300);
}
