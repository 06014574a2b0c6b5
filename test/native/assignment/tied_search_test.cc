#include <doctest/doctest.h>

#include <numeric>

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
