// The Newton step of the prices: a concave quadratic over a box.
#pragma once

#include <Eigen/Core>

namespace omnirouter::assignment {

// argmax  g'd - d'Hd/2  subject to  low <= d <= high  (low <= 0 <= high), H positive semidefinite with a
// positive diagonal. Newton steps in the coordinates off their bounds, each followed by a search along the projected path
// (Bertsekas 1982), between sweeps of exact maximisation coordinate by coordinate: where H is all but flat in some
// direction (a common shift of all capacity prices), a projected Newton step alone need not climb. Few iterations;
// dimension = number of limits.
Eigen::VectorXd solveBoxQp(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient, const Eigen::VectorXd& low,
                           const Eigen::VectorXd& high);

}  // namespace omnirouter::assignment
