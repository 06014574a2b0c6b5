// What a sample gets wrong, made good where it can be: at some prices y0 every row's best model is looked up, so that the
// sums of the whole are known there, and a sample only has to tell how they differ elsewhere (control variates; Glasserman,
// Monte Carlo Methods in Financial Engineering, section 4.1). Near y0 few rows change their model, so the error is that of
// a sample many times larger; and a sample whose rows happen to cost more or to be harder than most no longer makes
// limits look as if they could not hold together.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Sums over all rows, each at its best model. One read of the matrices. choice[row] becomes that model; null where nobody
// will ask.
Sums leastSums(const Problem& problem, const Eigen::VectorXd& prices, const compute::CancelFlag& cancel,
               uint8_t* choice = nullptr);

// What the whole comes to at some prices.
struct Known {
  Eigen::VectorXd prices;
  Sums sums;
};

class ControlVariate {
 public:
  // Of a sample of `rows` rows, of which `sample` has those that may leave their best model at the known prices, that one
  // among their candidates. Its `decided` sums become what it lacks of the whole at these prices.
  ControlVariate(const Problem& problem, const Terms& terms, const Known& known, size_t rows, RowSet& sample);

  size_t rows() const { return rows_; }

  // Covariance between rows of E_p[f_i] - f_i(y0), p the softmin weights at `prices` and tau: what takes the place of
  // DualPoint::spread.
  Eigen::MatrixXd spread(const Problem& problem, const Terms& terms, const RowSet& sample,
                         const Eigen::VectorXd& prices, double tau) const;

 private:
  size_t rows_;
  std::vector<uint8_t> chosen_;  // per row of the set, the candidate that is best at y0
};

}  // namespace omnirouter::assignment
