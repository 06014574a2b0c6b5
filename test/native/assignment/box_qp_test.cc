#include "assignment/box_qp.h"

#include <doctest/doctest.h>

#include <random>

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using namespace omnirouter::assignment;

namespace {

// Coordinate ascent: slow, and sure for a concave quadratic over a box.
VectorXd byCoordinates(const MatrixXd& h, const VectorXd& g, const VectorXd& low, const VectorXd& high) {
  VectorXd d = VectorXd::Zero(g.size());
  for (int sweep = 0; sweep < 20000; ++sweep) {
    double moved = 0;
    for (Index l = 0; l < g.size(); ++l) {
      const double to = std::clamp(d[l] + (g[l] - h.row(l).dot(d)) / h(l, l), low[l], high[l]);
      moved = std::max(moved, std::abs(to - d[l]));
      d[l] = to;
    }
    if (moved < 1e-14) break;
  }
  return d;
}

}  // namespace

TEST_CASE("the Newton step's quadratic is maximised over the box") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 600; ++round) {
    CAPTURE(round);
    const auto n = static_cast<Index>(1 + random() % 12);
    const auto rank = static_cast<Index>(1 + random() % static_cast<uint64_t>(n + 2));
    const MatrixXd factor = MatrixXd::NullaryExpr(n, rank, [&] { return normal(random); });
    MatrixXd h = factor * factor.transpose();
    h.diagonal().array() += (round % 2 ? 1e-3 : 1e-1) * h.diagonal().maxCoeff();
    const VectorXd g = VectorXd::NullaryExpr(n, [&] { return 3 * normal(random); });
    // Some coordinates start at their bound, as prices of 0 do, or cannot move at all.
    const auto side = [&] { return random() % 4 == 0 ? 0.0 : uniform(random) * (random() % 3 ? 1.0 : 100.0); };
    const VectorXd low = VectorXd::NullaryExpr(n, [&] { return -side(); });
    const VectorXd high = VectorXd::NullaryExpr(n, [&] { return side(); });
    const VectorXd d = solveBoxQp(h, g, low, high), reference = byCoordinates(h, g, low, high);
    CHECK((d.array() >= low.array()).all());
    CHECK((d.array() <= high.array()).all());
    const auto value = [&](const VectorXd& x) { return g.dot(x) - 0.5 * x.dot(h * x); };
    CHECK(value(d) >= value(reference) - 1e-8 * std::abs(value(reference)));
  }
}

TEST_CASE("the Newton step's quadratic is maximised where it is all but flat in a direction") {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const auto n = static_cast<Index>(3 + random() % 16);
    // No row resists a common shift of all but the first price.
    MatrixXd factor = MatrixXd::NullaryExpr(n, 2 * n, [&] { return normal(random); });
    factor.bottomRows(n - 1).rowwise() -= factor.bottomRows(n - 1).colwise().mean();
    MatrixXd h = factor * factor.transpose();
    h.diagonal().array() += 1e-10 * h.diagonal().maxCoeff();
    const VectorXd g = VectorXd::NullaryExpr(n, [&] { return 3 * normal(random); });
    const VectorXd low = VectorXd::NullaryExpr(n, [&] { return random() % 2 ? 0.0 : -20.0; });
    const VectorXd high = VectorXd::Constant(n, 20);
    const VectorXd d = solveBoxQp(h, g, low, high), residual = g - h * d;
    // The conditions of Karush, Kuhn and Tucker.
    for (Index l = 0; l < n; ++l) {
      CAPTURE(l);
      const double small = 1e-5 * g.cwiseAbs().maxCoeff();
      CHECK((residual[l] <= small || d[l] >= high[l]));
      CHECK((residual[l] >= -small || d[l] <= low[l]));
    }
  }
}
