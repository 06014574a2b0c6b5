// Where the optimal prices are believed to be, in the form that decides rows.
//
// Row i keeps its choice j for every price vector y0 + d at which, for each other allowed model k,
//
//     r_ik - r_ij + (f_i(k) - f_i(j))'d  >  0.
//
// The estimate y0 comes with a covariance C of its error. Its errors are strongly correlated (all capacity
// prices shift together), so a box around y0 would leave far too many rows open. Instead, for every pair of
// models (j, k) the region bounds the error of *that pair's* difference by its own ellipsoid: with Delta the
// difference of the row's shared quantities,
//
//     |(f(k) - f(j))'d|  <=  rho * sqrt( Delta' A Delta + 2 Delta' U_jk + V_jk ),
//
// A = C over shared limits, U_jk = C(shared, own k) - C(shared, own j), V_jk = var(own k - own j). Whether a
// later y lies in the region is checked exactly, pair by pair: a Mahalanobis distance in (shared limits + 1)
// dimensions. Prices of limits in other own quantities (tokens) enter by the triangle inequality.
//
// The covariance is only a guess about where y will end; correctness rests on contains() alone.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment {

class TrustRegion {
 public:
  // `radius` is rho. A small floor is added to the covariance so that no direction is taken as certain.
  TrustRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center,
              const Eigen::MatrixXd& covariance, double radius, const Eigen::VectorXd& floor);

  const Eigen::VectorXd& center() const { return center_; }
  bool contains(const Eigen::VectorXd& prices) const;

  // The largest change of r_k - r_j inside the region, for a row of `group` in which choosing j and k has the
  // quantity values qj and qk (one float per quantity).
  double reach(size_t group, size_t j, size_t k, const float* qj, const float* qk) const;

 private:
  struct Shared {
    int quantity;
    double sign;
    int limit;
  };
  struct Own {  // an own limit that does not count requests
    int limit;
    int quantity;
    double reach;  // rho * standard deviation
  };
  struct GroupTables {
    std::vector<Shared> shared;  // shared limits in a quantity (shared request limits cancel in a difference)
    std::vector<double> a;       // shared x shared; signs, rho squared and the floor included, as in u and v
    std::vector<double> u;       // models x models x shared
    std::vector<double> v;       // models x models
    std::vector<std::vector<Own>> own;  // per model
  };
  const Problem& problem_;
  const Terms& terms_;
  Eigen::VectorXd center_;
  std::vector<GroupTables> groups_;
};

}  // namespace omnirouter::assignment
