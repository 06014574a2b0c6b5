#include "prediction/item_response.h"

#include <doctest/doctest.h>

#include <cmath>

#include "native/prediction/planted.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

TEST_CASE("planted levels and loadings are recovered") {
  const Planted planted(4000, 4, 1);
  const ItemResponse fitted = fitItemResponse(Link::logistic, planted.trait, planted.quality, 4, compute::CancelFlag());
  for (size_t j = 0; j < 4; ++j) {
    CHECK(fitted.parameters[j * 2] == doctest::Approx(0.3 * static_cast<double>(j) - 0.5).epsilon(0.15));
    CHECK(fitted.parameters[j * 2 + 1] == doctest::Approx(j == 3 ? 2 : 1).epsilon(0.15));
    CHECK(fitted.deviation[j] < 0.06);
  }
}

TEST_CASE("the fit is where the gradient of the log posterior vanishes, by finite differences") {
  const Planted planted(300, 1, 2);
  // Of one model with all of the pool's weight the prior is nearly flat: the likelihood alone is stationary up to it.
  const ItemResponse fitted = fitItemResponse(Link::logistic, planted.trait, planted.quality, 1, compute::CancelFlag());
  const auto loss = [&](double b, double u) {
    double sum = 0;
    for (size_t row = 0; row < 300; ++row) {
      const double x = b + u * static_cast<double>(planted.trait[row]);
      sum += std::log1p(std::exp(-(planted.quality[row] > 0.5f ? x : -x)));
    }
    return sum;
  };
  const double b = fitted.parameters[0], u = fitted.parameters[1], h = 1e-4;
  const double slope = (loss(b + h, u) - loss(b - h, u)) / (2 * h);
  const double curvature = (loss(b + h, u) - 2 * loss(b, u) + loss(b - h, u)) / (h * h);
  CHECK(std::abs(slope / curvature) < 0.05);
}

TEST_CASE("a model without outcomes has the pool's parameters and its doubt, one with few lies between") {
  Planted planted(1000, 6, 4);
  for (size_t row = 0; row < planted.rows; ++row) {
    planted.quality[row * 6 + 5] = std::nanf("");
    if (row >= 5) planted.quality[row * 6 + 4] = std::nanf("");
  }
  const ItemResponse fitted = fitItemResponse(Link::logistic, planted.trait, planted.quality, 6, compute::CancelFlag());
  double mean = 0;
  for (size_t j = 0; j < 5; ++j) mean += fitted.parameters[j * 2] / 5;
  CHECK(fitted.parameters[5 * 2] == doctest::Approx(mean).epsilon(0.1));
  CHECK(fitted.deviation[5] > fitted.deviation[4]);
  CHECK(fitted.deviation[4] > 2 * fitted.deviation[0]);
}

TEST_CASE("learning one outcome at a time moves a level to where a fit puts it") {
  Planted planted(3000, 3, 5);
  Planted known = planted;
  for (size_t row = 0; row < planted.rows; ++row) known.quality[row * 3] = std::nanf("");
  ItemResponse online = fitItemResponse(Link::logistic, known.trait, known.quality, 3, compute::CancelFlag());
  const ItemResponse whole = fitItemResponse(Link::logistic, planted.trait, planted.quality, 3, compute::CancelFlag());
  const double before = online.deviation[0];
  for (size_t row = 0; row < planted.rows; ++row)
    online.learn(Link::logistic, 0, planted.trait.data() + row, planted.quality[row * 3]);
  CHECK(online.parameters[0] == doctest::Approx(whole.parameters[0]).epsilon(0.25));
  CHECK(online.deviation[0] < before / 5);
}

TEST_CASE("the logistic function is the C library's, and never leaves its range") {
  for (const double x : {-1000.0, -30.0, -1.5, 0.0, 0.7, 25.0, 1000.0}) {
    CHECK(logistic(x) == doctest::Approx(1 / (1 + std::exp(-x))));
    CHECK(logistic(x) >= 0);
    CHECK(logistic(x) <= 1);
  }
}
