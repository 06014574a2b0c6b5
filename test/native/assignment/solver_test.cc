#include "assignment/solver.h"

#include <doctest/doctest.h>

#include <string>

#include "compute/pool.h"
#include "errors.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

TEST_CASE("small problems of every kind of limit: the plan is the enumerated optimum, infeasibility is the truth") {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    const Solution s = solve(p, {}, {});
    CHECK(fault(p, s).value_or("") == "");
    CHECK(s.status == (truth.feasible ? Status::optimal : Status::infeasible));
    if (truth.feasible) {
      ++feasible;
      // A tie-break may cost 1e-7 of the objective's spread, and nothing else may.
      const double allowance = (p.tieBreak >= 0 ? 1e-5 : 1e-9) * std::abs(truth.objective) + 1e-15;
      CHECK(std::abs(s.certificate.objective - truth.objective) <= allowance);
      CHECK(s.certificate.dual <= truth.objective + 1e-9 * std::abs(truth.objective));
    } else {
      ++infeasible;
    }
  }
  CHECK(feasible > 1000);
  CHECK(infeasible > 300);
}
