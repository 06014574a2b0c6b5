#include "assignment/certificate.h"

#include <doctest/doctest.h>

#include "assignment/newton.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using Eigen::Index;
using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

TEST_CASE("the certificate is what the definitions give, row by row") {
  size_t holding = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, seed % 10 == 0 ? 9000 : 50, 6);
    const Problem& p = instance.problem;
    const Terms terms(p);
    std::mt19937_64 random(seed);
    const VectorXd y = randomPrices(measureScale(p, terms, openRows(p, RowSample::all(p.rows))).price, random);
    std::vector<uint8_t> choice;
    for (size_t i = 0; i < p.rows; ++i) {
      size_t j = random() % p.models;
      while (!isAllowed(p, i, j)) j = (j + 1) % p.models;
      choice.push_back(static_cast<uint8_t>(j));
    }
    const std::vector<double> prices(y.begin(), y.end());
    const Certificate c = certify(p, prices, choice.data(), {});
    const double rounding = 1e-12 * magnitude(p, y) + 1e-300;
    CHECK(std::abs(c.objective - objectiveOf(p, choice)) <= rounding);
    // What it may be rounded by is taken off, and limits may be missed by their rounding.
    CHECK(c.dual <= dual(p, y) + 1e-14 * magnitude(p, y));
    CHECK(c.dual >= dual(p, y) - 3 * rounding);
    bool holds = true;
    const std::vector<double> slack = slacks(p, choice);
    REQUIRE(c.slack.size() == slack.size());
    REQUIRE(c.total.size() == slack.size());
    for (size_t l = 0; l < slack.size(); ++l) {
      const Limit& limit = p.limits[l];
      const double total = limit.bound - limit.sign() * slack[l];
      CHECK(std::abs(c.total[l] - total) <= 1e-11 * (std::abs(total) + std::abs(limit.bound)));
      CHECK(std::abs(c.slack[l] - slack[l]) <= 1e-11 * (std::abs(total) + std::abs(limit.bound)));
      holds &= slack[l] >= -assignment::rounding(limit);
    }
    CHECK(c.holds == holds);
    holding += holds;
    std::vector<size_t> requests(p.models, 0);
    std::vector<double> sums(p.quantities.size(), 0.0);
    for (size_t i = 0; i < p.rows; ++i) {
      ++requests[choice[i]];
      for (size_t k = 0; k < sums.size(); ++k) sums[k] += static_cast<double>(p.row(k, i)[choice[i]]);
    }
    CHECK(c.requests == requests);
    for (size_t k = 0; k < sums.size(); ++k) CHECK(c.quantity[k] == doctest::Approx(sums[k]).epsilon(1e-11));
  }
  CHECK(holding > 20);
}

TEST_CASE("a positive ray value is proof: it is never given for limits that a plan meets") {
  size_t proofs = 0, feasible = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 5, 3);
    const Problem& p = instance.problem;
    if (p.limits.empty()) continue;
    const bool possible = enumerate(p).feasible;
    feasible += possible;
    const Terms terms(p);
    const VectorXd unit = measureScale(p, terms, openRows(p, RowSample::all(p.rows))).price;
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20; ++round) {
      const VectorXd y = randomPrices(unit, random);
      const bool proof = rayValue(p, std::vector<double>(y.begin(), y.end()), {}) > 0;
      proofs += proof;
      CHECK_FALSE((proof && possible));
    }
  }
  CHECK(feasible > 300);
  CHECK(proofs > 300);
}
