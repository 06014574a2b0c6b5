#include "prediction/ridge.h"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <random>

using namespace omnirouter;
using namespace omnirouter::prediction;

struct Sample {
  RowMatrix features;
  std::vector<float> target, weight;
  Sample(Eigen::Index rows, Eigen::Index columns) : features(rows, columns) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (Eigen::Index i = 0; i < rows; ++i) {
      for (Eigen::Index c = 0; c < columns; ++c) features(i, c) = 2 * normal(random);
      target.push_back(1 + features(i, 0) - 0.5f * features(i, 1) + 0.3f * normal(random));
      weight.push_back(i % 5 == 4 ? 0.0f : 0.5f + 0.5f * static_cast<float>(i % 2));
    }
  }
};

TEST_CASE("what is left out is what a fit without that row says, under the same penalty") {
  const Sample sample(60, 3);
  const compute::CancelFlag cancel;
  const Ridge::Fit fit = Ridge(sample.features, sample.weight, cancel).fit(sample.target, cancel);
  CHECK(fit.slopes[0] == doctest::Approx(1).epsilon(0.1));
  CHECK(fit.slopes[1] == doctest::Approx(-0.5).epsilon(0.15));
  // The penalty is the one whose fit has these slopes; each row is then left out by hand.
  double penalty = 0, nearest = 1e9;
  const auto by = [&](double p, Eigen::Index without) {
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(4, 4);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(4);
    Eigen::VectorXd centre = Eigen::VectorXd::Zero(3);
    for (Eigen::Index i = 0; i < 60; ++i) {
      if (i == without) continue;
      Eigen::VectorXd x(4);
      x << 1, sample.features.row(i).cast<double>().transpose();
      gram += static_cast<double>(sample.weight[i]) * x * x.transpose();
      right += static_cast<double>(sample.weight[i]) * sample.target[i] * x;
    }
    gram.bottomRightCorner(3, 3).diagonal().array() += p;
    return Eigen::VectorXd(gram.ldlt().solve(right));
  };
  for (double p = 4; p < 10000; p *= 2) {
    const double distance = std::abs(by(p, -1)[1] - fit.slopes[0]);
    if (distance < nearest) {
      nearest = distance;
      penalty = p;
    }
  }
  CHECK(nearest < 1e-4);
  for (const Eigen::Index row : {0, 7, 31}) {
    const Eigen::VectorXd b = by(penalty, row);
    const double expected = b[0] + b.tail(3).dot(sample.features.row(row).cast<double>().transpose());
    CHECK(fit.leftOut[row] == doctest::Approx(expected).epsilon(1e-3));
  }
}
