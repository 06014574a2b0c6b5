#include "assignment/ties.h"

#include <doctest/doctest.h>

#include <array>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// Models in pairs of equals: 0 and 1, 2 and 3, ...
Instance paired(size_t rows, size_t models, uint64_t seed) {
  Instance instance = plain(rows, models, seed);
  for (auto* values : {&instance.cost, &instance.quality, &instance.tokens})
    for (size_t e = 0; e < values->size(); ++e)
      if (e % models % 2 == 1) (*values)[e] = (*values)[e - 1];
  return instance;
}

}  // namespace

TEST_CASE("the n-th bit") {
  CHECK(nthBit(0b1, 0) == 0);
  CHECK(nthBit(0b101100, 0) == 2);
  CHECK(nthBit(0b101100, 2) == 5);
  CHECK(nthBit(~uint64_t{0}, 63) == 63);
}

TEST_CASE("equal models share their queries about evenly by a seed, and only the first has any without") {
  for (const size_t rows : {40, 3000, 30'000}) {
    CAPTURE(rows);
    Instance instance = paired(rows, 6, rows);
    Problem& p = instance.problem;
    p.limits = {{kQuality, true, 0.8 * reachOf(p, kQuality, true), kAll, kAll}};
    Options options;
    const Solution lowest = solve(p, options, {});
    options.ties = 5;
    const Solution spread = solve(p, options, {});
    CHECK(fault(p, spread).value_or("") == "");
    CHECK(spread.certificate.objective == doctest::Approx(lowest.certificate.objective).epsilon(1e-12));
    CHECK(spread.status == lowest.status);
    for (size_t j = 0; j < 6; j += 2) {
      const auto a = static_cast<double>(spread.certificate.requests[j]),
                 b = static_cast<double>(spread.certificate.requests[j + 1]);
      CHECK(a + b == static_cast<double>(lowest.certificate.requests[j] + lowest.certificate.requests[j + 1]));
      CHECK(std::abs(a - b) <= 5 * std::sqrt(a + b));
    }
    CHECK(solve(p, options, {}).choice == spread.choice);
    options.ties = 6;
    CHECK(solve(p, options, {}).choice != spread.choice);
  }
}

TEST_CASE("spreading ties fills no model beyond its own limits, and leaves masks alone") {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Instance instance = randomInstance(seed, seed % 4 == 0 ? 5000 : 60, 8);
    Options options;
    const Solution lowest = solve(instance.problem, options, {});
    options.ties = seed;
    const Solution spread = solve(instance.problem, options, {});
    CHECK(fault(instance.problem, spread).value_or("") == "");
    CHECK(spread.status == lowest.status);
    CHECK(spread.certificate.objective == doctest::Approx(lowest.certificate.objective).epsilon(1e-12));
  }
}

TEST_CASE("choosing by prices spreads models of equal reduced value, whatever they are made of") {
  Problem p;
  p.rows = 9000;
  p.models = 3;
  // At a price of 2 the first two are equal, at 1 - 2 * 0.25 = 2 - 2 * 0.75; the third is worse.
  std::vector<float> cost, quality;
  for (size_t i = 0; i < p.rows; ++i) {
    cost.insert(cost.end(), {1, 2, 3});
    quality.insert(quality.end(), {0.25f, 0.75f, 0.75f});
  }
  p.quantities = {{cost.data(), 1e30}, {quality.data(), 1}};
  p.objective = {1, 0};
  p.limits = {{1, true, 0, kAll, kAll}};
  const std::array<double, 1> price = {2};
  std::vector<uint8_t> choice(p.rows);
  chooseByPrices(p, price, choice.data());
  CHECK(std::count(choice.begin(), choice.end(), 0) == 9000);
  chooseByPrices(p, price, choice.data(), 1);
  const auto first = std::count(choice.begin(), choice.end(), 0);
  CHECK(std::abs(static_cast<double>(first) - 4500) < 300);
  CHECK(std::count(choice.begin(), choice.end(), 1) == 9000 - first);
  // Masks decide first.
  std::vector<uint64_t> allowed(p.rows, 0b110);
  p.allowed = allowed.data();
  chooseByPrices(p, price, choice.data(), 1);
  CHECK(std::count(choice.begin(), choice.end(), 1) == 9000);
}
