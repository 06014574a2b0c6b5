// The dual function of a RowSet, smoothed. With prices y >= 0 and reduced values r (problem.h), the Lagrangian dual is
//
//     D(y) = sum_i min_j r_ij(y) - sum_l y_l sign_l bound_l,
//
// concave and piecewise linear; every D(y) is a lower bound on the optimum (weak duality). Replacing min by
// -tau log sum exp(-r/tau) gives D_tau <= D <= D_tau + tau n log M, which is smooth: with p_i the softmin
// weights of row i and f_i(j) the vector of what choosing j adds to every limit's (signed) sum,
//
//     gradient  = sum_i E_p[f_i] - sign * bound          (by how much each limit is exceeded)
//     -Hessian  = (1 / tau) sum_i Cov_p[f_i]             (positive semidefinite)
#pragma once

#include <Eigen/Core>

#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct DualPoint {
  double value = 0;           // D at these prices, not smoothed, in double
  Eigen::VectorXd gradient;   // of D_tau
  Eigen::MatrixXd curvature;  // -Hessian of D_tau, both triangles
  Eigen::MatrixXd spread;     // covariance between rows of E_p[f_i]; of samples only
};

// How many softmins (compute/work.h) an evaluation over so many rows amounts to, with so many candidates in all.
uint64_t softminsOf(const Problem& problem, size_t rows, size_t candidates);

enum class Spread { none, betweenRows };

DualPoint evaluate(const Problem& problem, const RowSet& set, const Eigen::VectorXd& prices, double tau, Spread spread,
                   const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
