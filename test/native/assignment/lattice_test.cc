#include "assignment/lattice.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "assignment/problem.h"

using namespace omnirouter::assignment;

namespace {

Problem withValues(const std::vector<float>& values, bool atLeast, double bound) {
  Problem p;
  p.models = 2;
  p.rows = values.size() / 2;
  p.quantities = {{values.data(), 1e9}};
  p.objective = {1};
  p.limits = {{0, atLeast, bound, kAll, kAll}};
  return p;
}

}  // namespace

TEST_CASE("bounds move to the next sum that the values can have") {
  const std::vector<float> sixteenths{0.0625F, 1, 0, 0.25F, 0.5F, 0.75F};
  CHECK(onLattice(withValues(sixteenths, true, 1.01)).limits[0].bound == 1.0625);
  CHECK(onLattice(withValues(sixteenths, false, 1.01)).limits[0].bound == 1.0);
  CHECK(onLattice(withValues(sixteenths, true, 1.0625)).limits[0].bound == 1.0625);
  CHECK(onLattice(withValues({100, 300, 500, 0}, false, 799)).limits[0].bound == 796);  // multiples of 4
  CHECK(onLattice(withValues({0, 0, std::ldexp(1.0F, -140), 0}, true, 1e-45)).limits[0].bound ==
        std::ldexp(1.0, -140));  // a subnormal number
}

TEST_CASE("a bound missed by its tolerance alone is not moved out of reach") {
  const std::vector<float> halves{0.5F, 1, 1, 0.5F};
  const auto bound = [&](bool atLeast, double stated) {
    Problem wide;
    widen(withValues(halves, atLeast, stated), wide);
    return onLattice(wide).limits[0].bound;
  };
  CHECK(bound(true, 1 + 5e-8) == 1);  // a sum of 1 holds it
  CHECK(bound(true, 1) == 1);
  CHECK(bound(true, 1 + 2e-7) == 1.5);
  CHECK(bound(false, 1 - 5e-8) == 1);
  CHECK(bound(false, 1) == 1);
  CHECK(bound(false, 1 - 2e-7) == 0.5);
}

TEST_CASE("values without a lattice, and values that are all zero, leave the bound alone") {
  CHECK(onLattice(withValues({0.1F, 0.7F, 0.3F, 0.9F}, true, 0.95)).limits[0].bound == 0.95);
  CHECK(onLattice(withValues({0, 0, 0, 0}, true, 0.95)).limits[0].bound == 0.95);
}

TEST_CASE("requests are whole") {
  Problem p = withValues({0.1F, 0.7F, 0.3F, 0.9F}, true, 0.5);
  p.limits = {{kRequests, false, 1.7, kAll, 0}, {kRequests, true, 0.2, kAll, 1}};
  const Problem rounded = onLattice(p);
  CHECK(rounded.limits[0].bound == 1);
  CHECK(rounded.limits[1].bound == 1);
}

TEST_CASE("one value off the lattice among many makes it finer, or none") {
  constexpr size_t kRows = 20'000;
  std::vector<float> sixteenths(2 * kRows);
  for (size_t e = 0; e < sixteenths.size(); ++e) sixteenths[e] = static_cast<float>(e % 17) / 16;
  const double bound = 5000.01;
  CHECK(onLattice(withValues(sixteenths, true, bound)).limits[0].bound == 5000.0625);
  sixteenths[30'001] = 1.0F / 128;
  CHECK(onLattice(withValues(sixteenths, true, bound)).limits[0].bound == 5000.015625);
  sixteenths[35'003] = 0.3F;
  CHECK(onLattice(withValues(sixteenths, true, bound)).limits[0].bound == bound);
  // A scale as long as this is none.
  sixteenths[30'001] = sixteenths[35'003] = 0;
  sixteenths[39'999] = 1 << 13;
  CHECK(onLattice(withValues(sixteenths, true, bound)).limits[0].bound == bound);
}
