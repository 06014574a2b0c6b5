#include "assignment/newton.h"

#include <doctest/doctest.h>

#include <cmath>

#include "native/assignment/instances.h"
#include "native/assignment/opened.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

// The price of a place that does not exist rises for ever: at every step those that would still like it are fewer by the
// same factor, and so is what the step gains.
TEST_CASE("an ascent ends where steps gain nothing, however long they are") {
  Instance instance = plain(2000, 4, 1);
  Problem& p = instance.problem;
  p.limits = {{kRequests, false, 0, kAll, 0}};
  const Opened opened(p);
  const double tau = 0.05 * opened.scale.objective, precision = 1e-2;
  const Ascent ascent = ascend(p, opened.rows, opened.scale, PriceBox::all(opened.scale), opened.prices, tau, precision,
                               Spread::none, {});
  CHECK(ascent.converged);
  CHECK(ascent.prices[0] > 15 * tau);
  // Whoever could want the place would pay less than what is left to gain.
  CHECK(std::abs(ascent.point.gradient[0]) < 1e-6 * static_cast<double>(p.rows));
}

TEST_CASE("an ascent ends at the optimum where it can be reached") {
  Instance instance = plain(2000, 4, 1);
  Problem& p = instance.problem;
  p.limits = {{kQuality, true, 0.8 * reachOf(p, kQuality, true), kAll, kAll}, {kRequests, false, 100, kAll, 0}};
  const Opened opened(p);
  const double tau = 0.05 * opened.scale.objective;
  const Ascent ascent =
      ascend(p, opened.rows, opened.scale, PriceBox::all(opened.scale), opened.prices, tau, 1e-6, Spread::none, {});
  CHECK(ascent.converged);
  for (Eigen::Index l = 0; l < 2; ++l) {
    CHECK(ascent.prices[l] > 0);
    CHECK(std::abs(ascent.point.gradient[l]) < 1e-2);
  }
}
