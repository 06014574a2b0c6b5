// The linear relaxation over kinds of rows (row_classes.h), solved to the end by a primal-dual interior point method
// (Mehrotra, "On the implementation of a primal-dual interior point method", SIAM J. Optim. 2, 1992).
//
// Where rows are tied en masse D(y) is a polyhedron of few large faces. Newton on its smoothing (newton.h) has to cross
// each of them in steps of a few tau; an interior point method is drawn to no vertex before the end, takes some twenty
// steps whatever the ties, and says how many rows of a kind have each of the tied models. With n_k rows of kind k, f what
// the objective and g what the limits' signed sums take of a row, and y kept between `low` and `high`:
//
//     min  sum_kc f_kc x_kc + high'u - low'v   s.t.  sum_c x_kc = n_k,  sum_kc g_kc x_kc + v - u = b,  x, u, v >= 0
//     max  sum_k n_k t_k - b'y                 s.t.  t_k + z_kc = f_kc + g_kc'y,  low <= y <= high,  z >= 0
//
// Every kind is one generalised upper bound, so that each step comes to a system in y alone, as small as the limits are
// many. The slacks u and v make any x a plan: the iteration starts, and stays, feasible on both sides.
#pragma once

#include <vector>

#include "assignment/newton.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct KindsPlan {
  Eigen::VectorXd prices;      // inside the box
  std::vector<double> amount;  // per candidate of every kind, in order: how many of its rows have it
  bool converged = false;      // the gap fell to `precision` of what it was at first
  int steps = 0;
};

// `start` is where the prices are expected; the box must have room on both sides of every price. `magnitude` is what one
// row has at stake in the box, in units of the objective.
KindsPlan solveKinds(const Problem& problem, const Terms& terms, const RowSet& kinds, const PriceBox& box,
                     const Eigen::VectorXd& start, double magnitude, double precision,
                     const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
