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
    const double before = best;
    // One coordinate after the other: climbs whatever the bounds, and finds out which of them hold.
    for (Eigen::Index l = 0; l < n; ++l) {
      const double move = std::clamp(d[l] + residual[l] / hessian(l, l), low[l], high[l]) - d[l];
      if (move == 0) continue;
      best += move * (residual[l] - 0.5 * move * hessian(l, l));
      d[l] += move;
      residual -= move * hessian.col(l);
    }
    // All free ones at once, which alone takes many sweeps; where the step meets a bound, on with the rest.
    Eigen::Index count = 0;
    for (Eigen::Index l = 0; l < n; ++l) {
      const bool stuck = (d[l] <= low[l] && residual[l] <= 0) || (d[l] >= high[l] && residual[l] >= 0);
      if (!stuck) free[count++] = l;
    }
    while (count > 0) {
      block.resize(count, count);
      step.resize(count);
      for (Eigen::Index a = 0; a < count; ++a) {
        step[a] = residual[free[a]];
        for (Eigen::Index b = 0; b < count; ++b) block(b, a) = hessian(free[b], free[a]);
      }
      llt.compute(block);
      llt.solveInPlace(step);
      if (!step.allFinite()) break;
      // The whole step cut to the box, if that climbs.
      trial = d;
      for (Eigen::Index f = 0; f < count; ++f)
        trial[free[f]] = std::clamp(d[free[f]] + step[f], low[free[f]], high[free[f]]);
      residualThere = gradient;
      for (Eigen::Index l = 0; l < n; ++l)
        if (trial[l] != 0) residualThere -= trial[l] * hessian.col(l);
      // g'x - x'Hx/2
      const double there = 0.5 * (gradient + residualThere).dot(trial);
      if (there > best) {
        d = trial;
        best = there;
        residual = residualThere;
        break;
      }
      // Else as far as the first bound, uphill all the way, and on with the others.
      double t = 1;
      Eigen::Index first = -1;
      for (Eigen::Index f = 0; f < count; ++f) {
        const double room = (step[f] > 0 ? high[free[f]] : low[free[f]]) - d[free[f]];
        if (step[f] == 0 || room / step[f] >= t) continue;
        t = room / step[f];
        first = f;
      }
      if (first < 0) break;
      for (Eigen::Index f = 0; f < count; ++f) {
        const Eigen::Index l = free[f];
        const double to =
            f == first ? (step[f] > 0 ? high[l] : low[l]) : std::clamp(d[l] + t * step[f], low[l], high[l]);
        const double move = to - d[l];
        if (move == 0) continue;
        best += move * (residual[l] - 0.5 * move * hessian(l, l));
        d[l] = to;
        residual -= move * hessian.col(l);
      }
      for (Eigen::Index f = first; f + 1 < count; ++f) free[f] = free[f + 1];
      --count;
    }
    if (best - before <= 1e-12 * best) break;
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
