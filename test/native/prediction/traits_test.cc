#include "prediction/traits.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace omnirouter::prediction;

namespace {

// Two models that agree, with a wave of variance 1/2 along (1, 1), and differ, with one of variance `minor` / 2 along
// (1, -1); estimates know it all.
TraitDirections traitsBeside(double minor) {
  std::vector<float> outcomes;
  for (int row = 0; row < 400; ++row) {
    const double major = std::sin(row * 0.1 * 3.14159265358979),
                 other = std::sqrt(minor) * std::cos(row * 1.57079632679);
    outcomes.push_back(static_cast<float>(0.5 + 0.1 * (major + other)));
    outcomes.push_back(static_cast<float>(0.5 + 0.1 * (major - other)));
  }
  return findTraits(outcomes, outcomes, 2, 8);
}

}  // namespace

TEST_CASE("a direction counts as long as it is more than a two-hundredth of the leading one") {
  const TraitDirections both = traitsBeside(0.02);
  REQUIRE(both.traits == 2);
  CHECK(std::abs(both.directions[0] - both.directions[1]) < 1e-3);
  CHECK(std::abs(both.directions[2] + both.directions[3]) < 1e-3);
  CHECK(traitsBeside(0.002).traits == 1);
  CHECK(traitsBeside(0).traits == 1);
}

TEST_CASE("nothing that is predicted is no direction") {
  const std::vector<float> constant(20, 0.5f), outcomes = {0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1};
  CHECK(findTraits(constant, outcomes, 2, 8).traits == 0);
}
