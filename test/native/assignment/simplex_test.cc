#include "assignment/simplex.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "assignment/certificate.h"
#include "assignment/price_search.h"
#include "native/assignment/instances.h"
#include "native/assignment/mixtures.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

struct Vertex {
  Simplex::Outcome outcome;
  Eigen::VectorXd prices;
  Scale scale;
};

Vertex vertexOf(const Problem& p, const Eigen::VectorXd& start) {
  const Terms terms(p);
  const RowSet rows = openRows(p, RowSample::all(p.rows));
  Vertex vertex{Simplex::Outcome::stopped, start, measureScale(p, terms, rows)};
  Simplex simplex;
  vertex.outcome = simplex.maximise(p, terms, vertex.scale, {}, vertex.prices);
  return vertex;
}

Eigen::VectorXd zeros(const Problem& p) { return Eigen::VectorXd::Zero(static_cast<Eigen::Index>(p.limits.size())); }

// What D may be off by: the sums' own rounding, and limits' tolerance.
double slackOf(const Problem& p, const Vertex& v) {
  double size = v.scale.objective * static_cast<double>(p.rows);
  for (size_t l = 0; l < p.limits.size(); ++l)
    size += v.prices[static_cast<Eigen::Index>(l)] * std::abs(p.limits[l].bound);
  return 1e-8 * size;
}

}  // namespace

TEST_CASE("no other prices are better: not those of the smoothed search, nor any nearby") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  int optimal = 0, unbounded = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Mixture mixture = randomMixture(seed, 2 + seed % 120, 1 + seed % 11);
    const Problem& p = mixture.problem;
    if (p.limits.empty() || !Simplex::suits(p)) continue;
    const Vertex v = vertexOf(p, zeros(p));
    REQUIRE(v.outcome != Simplex::Outcome::stopped);
    CHECK(v.prices.minCoeff() >= 0);
    if (v.outcome == Simplex::Outcome::unbounded) {
      ++unbounded;
      const Eigen::VectorXd ray = v.prices / v.prices.maxCoeff();
      double magnitude = 0;
      for (size_t l = 0; l < p.limits.size(); ++l)
        magnitude += ray[static_cast<Eigen::Index>(l)] * std::abs(p.limits[l].bound);
      CHECK(rayValue(p, {ray.data(), static_cast<size_t>(ray.size())}, {}) > -1e-7 * magnitude);
      continue;
    }
    ++optimal;
    const double best = dual(p, v.prices), slack = slackOf(p, v);
    const PriceSearch smoothed = searchPrices(p, Terms(p), nullptr, 1e-6, 1, {});
    if (!smoothed.diverged) CHECK(dual(p, smoothed.prices) <= best + slack);
    for (int n = 0; n < 30; ++n) {
      Eigen::VectorXd y = v.prices;
      const double size = std::pow(10.0, -n % 5);
      for (Eigen::Index l = 0; l < y.size(); ++l) y[l] = std::max(0.0, y[l] + size * v.scale.price[l] * normal(random));
      CHECK(dual(p, y) <= best + slack);
    }
  }
  CHECK(optimal > 150);
  CHECK(unbounded > 10);
}

TEST_CASE("wherever the search begins, it ends as high") {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> uniform(0, 2);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    const Mixture mixture = randomMixture(seed, 40, 6);
    const Problem& p = mixture.problem;
    if (p.limits.empty() || !Simplex::suits(p)) continue;
    const Vertex cold = vertexOf(p, zeros(p));
    Eigen::VectorXd start = zeros(p);
    for (Eigen::Index l = 0; l < start.size(); ++l) start[l] = uniform(random) * cold.scale.price[l];
    const Vertex warm = vertexOf(p, start);
    CHECK(warm.outcome == cold.outcome);
    if (cold.outcome != Simplex::Outcome::optimal) continue;
    CHECK(std::abs(dual(p, warm.prices) - dual(p, cold.prices)) <= slackOf(p, cold));
  }
}

TEST_CASE("equal rows and equal models do not make it go in circles") {
  Instance instance = plain(300, 6, 9);
  Problem& p = instance.problem;
  for (std::vector<float>* values : {&instance.cost, &instance.quality})
    for (size_t e = 0; e < values->size(); ++e) (*values)[e] = (*values)[e % 6 / 2];
  for (int j = 0; j < 6; ++j) p.limits.push_back({kRequests, false, 60, kAll, j});
  p.limits.push_back({kQuality, true, 0.9 * reachOf(p, kQuality, true), kAll, kAll});
  CHECK(vertexOf(p, zeros(p)).outcome != Simplex::Outcome::stopped);
}
