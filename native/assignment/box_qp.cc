#include "assignment/box_qp.h"

#include <Eigen/Cholesky>
#include <algorithm>

namespace omnirouter::assignment {

namespace {

// Up to so many limits, nothing is allocated.
constexpr int kOnStack = 32;

template <int kMost>
Eigen::VectorXd solve(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient, const Eigen::VectorXd& low,
                      const Eigen::VectorXd& high) {
  using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, kMost, 1>;
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, kMost, kMost>;
  using Indices = Eigen::Matrix<Eigen::Index, Eigen::Dynamic, 1, Eigen::ColMajor, kMost, 1>;
  constexpr int kMaxIterations = 50;
  const Eigen::Index n = gradient.size();
  Vector d = Vector::Zero(n), trial(n), step(n);
  Vector residual = gradient, residualThere(n);  // g - H d, the gradient of the quadratic at d; and at the trial
  Matrix block;
  Eigen::LLT<Matrix> llt;
  double best = 0;
  Indices free(n);
  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    Eigen::Index count = 0;
    for (Eigen::Index l = 0; l < n; ++l) {
      const bool stuck = (d[l] <= low[l] && residual[l] <= 0) || (d[l] >= high[l] && residual[l] >= 0);
      if (!stuck) free[count++] = l;
    }
    if (count == 0) break;
    block.resize(count, count);
    step.resize(count);
    for (Eigen::Index a = 0; a < count; ++a) {
      step[a] = residual[free[a]];
      for (Eigen::Index b = 0; b < count; ++b) block(b, a) = hessian(free[b], free[a]);
    }
    llt.compute(block);
    llt.solveInPlace(step);
    if (!step.allFinite()) break;
    double t = 1, gained = 0;
    for (int half = 0; half < 30; ++half, t *= 0.5) {
      trial = d;
      for (Eigen::Index f = 0; f < count; ++f)
        trial[free[f]] = std::clamp(d[free[f]] + t * step[f], low[free[f]], high[free[f]]);
      residualThere = gradient;
      for (Eigen::Index l = 0; l < n; ++l)
        if (trial[l] != 0) residualThere -= trial[l] * hessian.col(l);
      // g'x - x'Hx/2
      gained = 0.5 * (gradient + residualThere).dot(trial) - best;
      if (gained > 0) break;
    }
    if (!(gained > 0)) break;
    d = trial;
    best += gained;
    residual = residualThere;
    if (gained <= 1e-12 * best) break;
  }
  return d;
}

}  // namespace

Eigen::VectorXd solveBoxQp(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient, const Eigen::VectorXd& low,
                           const Eigen::VectorXd& high) {
  return gradient.size() <= kOnStack ? solve<kOnStack>(hessian, gradient, low, high)
                                     : solve<Eigen::Dynamic>(hessian, gradient, low, high);
}

}  // namespace omnirouter::assignment
