// The Newton step of the prices: a concave quadratic over a box.
#pragma once

#include <Eigen/Core>

namespace omnirouter::assignment {

// argmax  g'd - d'Hd/2  subject to  low <= d <= high  (low <= 0 <= high), H positive semidefinite with a
// positive diagonal. Projected Newton method of Bertsekas (1982): Newton steps in the coordinates off their
// bounds, each followed by a search along the projected path. Few iterations; dimension = number of limits.
Eigen::VectorXd solveBoxQp(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient, const Eigen::VectorXd& low,
                           const Eigen::VectorXd& high);

}  // namespace omnirouter::assignment
