#include "assignment/box_qp.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <vector>

namespace omnirouter::assignment {

Eigen::VectorXd solveBoxQp(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient, const Eigen::VectorXd& low,
                           const Eigen::VectorXd& high) {
  constexpr int kMaxIterations = 50;
  const Eigen::Index n = gradient.size();
  Eigen::VectorXd d = Eigen::VectorXd::Zero(n);
  Eigen::VectorXd residual = gradient;  // g - H d, the gradient of the quadratic at d
  const auto value = [&](const Eigen::VectorXd& x) { return gradient.dot(x) - 0.5 * x.dot(hessian * x); };
  double best = 0;
  std::vector<Eigen::Index> free;
  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    free.clear();
    for (Eigen::Index l = 0; l < n; ++l) {
      const bool stuck = (d[l] <= low[l] && residual[l] <= 0) || (d[l] >= high[l] && residual[l] >= 0);
      if (!stuck) free.push_back(l);
    }
    if (free.empty()) break;
    const Eigen::VectorXd rhs = residual(free);
    const Eigen::VectorXd step = hessian(free, free).llt().solve(rhs);
    if (!step.allFinite()) break;
    double t = 1;
    Eigen::VectorXd trial = d;
    double gained = 0;
    for (int half = 0; half < 30; ++half, t *= 0.5) {
      trial = d;
      for (size_t f = 0; f < free.size(); ++f)
        trial[free[f]] = std::clamp(d[free[f]] + t * step[static_cast<Eigen::Index>(f)], low[free[f]], high[free[f]]);
      gained = value(trial) - best;
      if (gained > 0) break;
    }
    if (!(gained > 0)) break;
    d = trial;
    best += gained;
    residual = gradient - hessian * d;
    if (gained <= 1e-12 * best) break;
  }
  return d;
}

}  // namespace omnirouter::assignment
