#include "prediction/stack.h"

#include <Eigen/Cholesky>
#include <algorithm>

namespace omnirouter::prediction {

std::array<double, kHalves> stackWeights(std::span<const float> halves, std::span<const float> target,
                                         std::span<const float> weight) {
  using Square = Eigen::Matrix<double, kHalves, kHalves>;
  using Vector = Eigen::Matrix<double, kHalves, 1>;
  Square gram = Square::Zero();
  Vector moments = Vector::Zero();
  double squares = 0, known = 0;
  for (size_t row = 0; row < target.size(); ++row) {
    const double w = weight[row];
    if (!(w > 0)) continue;
    Vector x;
    for (size_t h = 0; h < kHalves; ++h) x[static_cast<Eigen::Index>(h)] = halves[row * kHalves + h];
    gram += w * x * x.transpose();
    moments += w * target[row] * x;
    squares += w * target[row] * static_cast<double>(target[row]);
    known += 1;
  }
  // Few enough to try every set of halves; the best without a negative weight is the optimum of the constrained problem.
  std::array<double, kHalves> best{};
  double explained = 0;
  int kept = 0;
  for (unsigned set = 1; set < 1u << kHalves; ++set) {
    Square part = Square::Identity();
    Vector right = Vector::Zero();
    int size = 0;
    for (int a = 0; a < static_cast<int>(kHalves); ++a) {
      if (!(set >> a & 1)) continue;
      ++size;
      right[a] = moments[a];
      for (int b = 0; b < static_cast<int>(kHalves); ++b)
        if (set >> b & 1) part(a, b) = gram(a, b) + (a == b ? 1e-9 * gram.trace() + 1e-12 : 0);
    }
    const Vector solution = part.ldlt().solve(right);
    if (!(solution.minCoeff() >= 0)) continue;
    const double gain = solution.dot(right);
    if (!(gain > explained)) continue;
    explained = gain;
    kept = size;
    for (size_t h = 0; h < kHalves; ++h) best[h] = solution[static_cast<Eigen::Index>(h)];
  }
  if (kept == 0 || known < 2) return {};
  const double variance = std::max(squares - explained, 0.0) / known;
  const double share = std::max(0.0, 1 - kept * variance / explained);
  for (double& w : best) w *= share;
  return best;
}

}  // namespace omnirouter::prediction
