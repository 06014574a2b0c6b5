// The region of a cooling level (price_search.h): every price within its own reach of a centre. A row keeps its choice j
// against k wherever the largest change of r_k - r_j,
//
//     sum over channels |q_k - q_j| R_channel  +  R_j(q_j)  +  R_k(q_k),
//
// R the reaches of the prices summed (triangle inequality), stays below its margin. Looser than trust_region.h's
// ellipsoids, but exact for a box, which a price search can be kept inside.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/row_set.h"

namespace omnirouter::assignment {

class BoxRegion {
 public:
  BoxRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center, const Eigen::VectorXd& reach);

  const Eigen::VectorXd& center() const { return center_; }

  // The largest change of r_k - r_j inside the region; j and k are candidates of the row.
  double reach(const RowSet::Row& row, size_t j, size_t k) const;

 private:
  size_t models_, quantities_;
  Eigen::VectorXd center_;
  std::vector<double> shared_;    // groups x quantities
  std::vector<double> requests_;  // groups x models: own limits that count requests
  std::vector<double> own_;       // groups x models x quantities: own limits in quantities
};

}  // namespace omnirouter::assignment
