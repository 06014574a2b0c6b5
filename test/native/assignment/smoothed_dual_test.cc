#include "assignment/smoothed_dual.h"

#include <doctest/doctest.h>

#include "assignment/newton.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

struct Setting {
  Instance instance;
  Terms terms;
  RowSet set;
  Scale scale;
  Setting(uint64_t seed, size_t rows, size_t models)
      : instance(randomInstance(seed, rows, models)),
        terms(instance.problem),
        set(openRows(instance.problem, RowSample::all(instance.problem.rows))),
        scale(measureScale(instance.problem, terms, set)) {}
};

}  // namespace

TEST_CASE("the dual's value is the definition's, and no feasible plan costs less at any prices") {
  size_t bounded = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Setting s(seed, 5, 4);
    const Problem& p = s.instance.problem;
    const Truth truth = enumerate(p);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 5; ++round) {
      const VectorXd y = randomPrices(s.scale.price, random);
      const DualPoint point = evaluate(p, s.set, y, s.scale.objective, Spread::none, {});
      const double rounding = 1e-12 * magnitude(p, y);
      CHECK(std::abs(point.value - dual(p, y)) <= rounding);
      if (!truth.feasible) continue;
      ++bounded;
      // The enumeration allows limits their tolerance.
      double worth = 0;
      for (size_t l = 0; l < p.limits.size(); ++l) worth += y[static_cast<Index>(l)] * tolerance(p.limits[l]);
      CHECK(point.value <= truth.objective + rounding + worth);
    }
  }
  CHECK(bounded > 500);
}

TEST_CASE("gradient and curvature are those of the smoothed dual, by finite differences of its definition") {
  size_t compared = 0;
  for (uint64_t seed = 0; seed < 250; ++seed) {
    CAPTURE(seed);
    const Setting s(seed, 60, 8);
    const Problem& p = s.instance.problem;
    const auto limits = static_cast<Index>(p.limits.size());
    std::mt19937_64 random(seed);
    for (const double heat : {1.0, 0.1}) {
      const double tau = heat * s.scale.objective;
      const VectorXd y = randomPrices(s.scale.price, random);
      const DualPoint point = evaluate(p, s.set, y, tau, Spread::none, {});
      REQUIRE(point.gradient.size() == limits);
      REQUIRE(point.curvature.rows() == limits);
      CHECK(point.curvature == point.curvature.transpose());
      // Large quantities (tokens) bend the dual sooner: the step is small against tau over the largest one.
      std::vector<double> most;
      for (const Limit& limit : p.limits) {
        most.push_back(1e-300);
        for (size_t i = 0; i < p.rows; ++i)
          for (size_t j = 0; j < p.models; ++j) most.back() = std::max(most.back(), amount(p, limit, i, j));
      }
      const auto n = static_cast<double>(p.rows);
      for (Index l = 0; l < limits; ++l) {
        CAPTURE(l);
        const double own = most[static_cast<size_t>(l)], h = 1e-3 * tau / own;
        VectorXd above = y, below = y;
        above[l] += h;
        below[l] -= h;
        const double slope = (dual(p, above, tau) - dual(p, below, tau)) / (2 * h);
        // The error of a central difference with this step, and its rounding.
        CHECK(std::abs(point.gradient[l] - slope) <= 1e-5 * own * n + 1e-14 * magnitude(p, y) / h);
        const VectorXd up = evaluate(p, s.set, above, tau, Spread::none, {}).gradient;
        const VectorXd down = evaluate(p, s.set, below, tau, Spread::none, {}).gradient;
        for (Index m = 0; m < limits; ++m) {
          const double bend = -(up[m] - down[m]) / (2 * h), other = most[static_cast<size_t>(m)];
          CHECK(std::abs(point.curvature(l, m) - bend) <=
                1e-5 * n * own * other / tau + 1e-15 * std::abs(p.limits[static_cast<size_t>(m)].bound) / h);
          ++compared;
        }
      }
    }
  }
  CHECK(compared > 1000);
}

TEST_CASE("the smoothed dual lies below the dual by at most tau n log M, so a cold one has the dual's slope") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    const Setting s(seed, 40, 6);
    const Problem& p = s.instance.problem;
    std::mt19937_64 random(seed);
    const VectorXd y = randomPrices(s.scale.price, random);
    const double cold = 1e-13 * s.scale.objective;
    const DualPoint point = evaluate(p, s.set, y, cold, Spread::none, {});
    // Concavity: the slope at y bounds the value everywhere else.
    for (int round = 0; round < 10; ++round) {
      const VectorXd z = randomPrices(s.scale.price, random);
      const double rounding =
          1e-11 * (magnitude(p, y) + magnitude(p, z)) + point.gradient.cwiseAbs().dot((z - y).cwiseAbs()) * 1e-11;
      CHECK(dual(p, z) <= point.value + point.gradient.dot(z - y) + rounding);
    }
  }
}

TEST_CASE("the spread is the sample covariance of the rows' expected amounts") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const Setting s(seed, 30, 5);
    const Problem& p = s.instance.problem;
    if (p.rows < 2 || p.limits.empty()) continue;
    std::mt19937_64 random(seed);
    const VectorXd y = randomPrices(s.scale.price, random);
    const double tau = s.scale.objective;
    const auto n = static_cast<Index>(p.rows), limits = static_cast<Index>(p.limits.size());
    MatrixXd mean = MatrixXd::Zero(n, limits);
    for (size_t i = 0; i < p.rows; ++i) {
      const double least = leastReducedValue(p, y, i);
      double total = 0;
      for (size_t j = 0; j < p.models; ++j) {
        if (!isAllowed(p, i, j)) continue;
        const double weight = std::exp(-(reducedValue(p, y, i, j) - least) / tau);
        total += weight;
        for (Index l = 0; l < limits; ++l) {
          const Limit& limit = p.limits[static_cast<size_t>(l)];
          mean(static_cast<Index>(i), l) += weight * limit.sign() * amount(p, limit, i, j);
        }
      }
      mean.row(static_cast<Index>(i)) /= total;
    }
    const MatrixXd centred = mean.rowwise() - mean.colwise().mean();
    const MatrixXd covariance = centred.transpose() * centred / static_cast<double>(n - 1);
    const MatrixXd spread = evaluate(p, s.set, y, tau, Spread::betweenRows, {}).spread;
    for (Index l = 0; l < limits; ++l)
      for (Index m = 0; m < limits; ++m) {
        const double size = mean.col(l).norm() * mean.col(m).norm() + 1e-300;
        CHECK(std::abs(spread(l, m) - covariance(l, m)) <= 1e-9 * size);
      }
  }
}
