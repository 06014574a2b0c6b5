// Every kind of limit mixed with every other, beside the truth by enumeration: what solve() says of its plan, of its
// bound, of infeasibility and of the nearest reachable values. OMNIROUTER_TEST_FULL=1 tries six times as many.
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "assignment/solver.h"
#include "compute/pool.h"
#include "native/assignment/mixtures.h"
#include "native/assignment/refutation.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

uint64_t howMany(uint64_t ordinarily) {
  const char* full = std::getenv("OMNIROUTER_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1" ? 6 * ordinarily : ordinarily;
}

struct Tally {
  int problems = 0, feasible = 0, infeasible = 0, unsettled = 0, unexplained = 0, bare = 0;
  std::set<int> kinds;

  void count(const Problem& p, const Solution& s, bool isFeasible) {
    ++problems;
    ++(isFeasible ? feasible : infeasible);
    // Beside prices far above it, an objective is known within the rounding of what these come to.
    const bool known = s.status == Status::withinTolerance && s.gap < 1e-9;
    unsettled += isFeasible ? s.status != Status::optimal && !known : s.status != Status::infeasible;
    unexplained += s.status == Status::infeasible && s.conflict.empty();
    bare += p.limits.empty();
    for (const Limit& l : p.limits)
      kinds.insert((((l.quantity + 1) * 2 + l.atLeast) * 2 + (l.group != kAll)) * 2 + (l.model != kAll));
  }
};

void trySmall(uint64_t seed, size_t rows, size_t models, Tally& tally) {
  CAPTURE(seed);
  CAPTURE(rows);
  CAPTURE(models);
  const Mixture mixture = randomMixture(seed, rows, models);
  const Problem& p = mixture.problem;
  const Solution s = solve(p, {}, {});
  const Facts facts = enumerated(p, s.conflict);
  CHECK(falseReport(p, s) == "");
  CHECK(refuted(p, s, facts, {}) == "");
  tally.count(p, s, facts.best < Facts::kNone);

  // Other options may settle less; they may not say what is false.
  Draws draw(seed ^ 0x5eed);
  Options options;
  options.nodeLimit = draw.oneIn(2) ? 0 : draw.below(60);
  options.seed = draw.bits();
  options.diagnose = !draw.oneIn(4);
  options.gapTolerance = draw.oneIn(2) ? 0 : 0.01;
  std::vector<double> warm;
  if (draw.oneIn(2)) {
    for (const double price : s.prices) warm.push_back(draw.oneIn(3) ? price * 10 * draw.unit() : price);
    options.warmStart = warm;
  }
  const Solution hurried = solve(p, options, {});
  CHECK(falseReport(p, hurried) == "");
  CHECK(refuted(p, hurried, hurried.conflict == s.conflict ? facts : enumerated(p, hurried.conflict), options) == "");
}

}  // namespace

TEST_CASE("mixtures of every kind of limit on few rows: what is said is what enumeration finds") {
  // Waking threads for five rows takes longer than the rows.
  const size_t threads = compute::Pool::shared().threads();
  compute::Pool::shared().setThreads(1);
  Tally tally;
  const uint64_t problems = howMany(10'000);
  for (uint64_t seed = 0; seed < problems; ++seed) trySmall(seed, 1 + seed % 8, 1 + seed / 8 % 5, tally);
  MESSAGE("of " << tally.problems << ": " << tally.feasible << " feasible, " << tally.infeasible << " infeasible, "
                << tally.unsettled << " not settled, " << tally.unexplained << " infeasible without a conflict");
  CHECK(tally.unsettled == 0);
  CHECK(tally.unexplained == 0);
  CHECK(tally.feasible > tally.problems / 2);
  CHECK(tally.infeasible > tally.problems / 10);
  CHECK(tally.bare > 100);
  CHECK(tally.kinds.size() == 40);  // five quantities, at least and at most, any group and one, any model and one
  compute::Pool::shared().setThreads(threads);
}

TEST_CASE("mixtures on up to 14 rows of two or three models") {
  const size_t threads = compute::Pool::shared().threads();
  compute::Pool::shared().setThreads(1);
  Tally tally;
  const uint64_t problems = howMany(200);
  for (uint64_t seed = 0; seed < problems; ++seed) {
    const bool two = seed % 2 == 0;
    trySmall(1'000'000 + seed, (two ? 9 : 7) + seed / 2 % (two ? 6 : 4), two ? 2 : 3, tally);
  }
  MESSAGE("of " << tally.problems << ": " << tally.unsettled << " not settled");
  CHECK(tally.unsettled == 0);
  compute::Pool::shared().setThreads(threads);
}
