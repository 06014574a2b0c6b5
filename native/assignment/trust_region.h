// Where the optimal prices are believed to be, in the form that decides rows.
//
// Row i keeps its choice j for every price vector y0 + d at which, for each other allowed model k,
//
//     r_ik - r_ij + (f_i(k) - f_i(j))'d  >  0.
//
// The estimate y0 comes with a covariance C of its error. Its errors are strongly correlated (all capacity prices shift
// together), so a box around y0 would leave far too many rows open. Instead, for every pair of models (j, k) the region
// bounds the error of *that pair's* difference by its own ellipsoid. The limits that cover all models of a row act
// through their quantities, the region's *channels*: with Delta the difference of the channels' values,
//
//     |(f(k) - f(j))'d|  <=  sqrt( Delta' A Delta + 2 Delta' U_jk + V_jk ),
//
// A = rho^2 C over the channels' summed prices, U_jk the same between channels and the difference of the models' own
// request prices, V_jk the variance of that difference. Whether a later y lies in the region is checked exactly, pair
// by pair: a Mahalanobis distance in (channels + 1) dimensions. Own prices in other quantities (tokens) enter by the
// triangle inequality.
//
// The covariance is only a guess about where y will end; correctness rests on contains() alone.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment {

class TrustRegion {
 public:
  // `radius` is rho. `floor` (per limit) is added to the standard deviations, so that no direction is taken as certain.
  TrustRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center,
              const Eigen::MatrixXd& covariance, double radius, const Eigen::VectorXd& floor);

  const Eigen::VectorXd& center() const { return center_; }
  bool contains(const Eigen::VectorXd& prices) const;

  // The tables of the bound above, for the screening kernel (screen_rows.h).
  struct Group {
    std::vector<double> a;    // channels x channels
    std::vector<double> u;    // models j x channels x models k
    std::vector<double> v;    // models j x models k
    std::vector<double> own;  // quantities x models: rho * sd of own prices, 0 where there are none
  };
  const std::vector<int>& channels() const { return channels_; }  // their quantities
  bool hasOwn() const { return hasOwn_; }
  const Group& group(size_t g) const { return groups_[g]; }
  // The greatest value of the bound above for any two models, whatever the rows' values.
  double widest(size_t g) const;

 private:
  const Problem& problem_;
  const Terms& terms_;
  Eigen::VectorXd center_;
  std::vector<int> channels_;
  bool hasOwn_ = false;
  std::vector<Group> groups_;
};

}  // namespace omnirouter::assignment
