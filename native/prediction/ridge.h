// Weighted ridge regression with its penalty chosen by exact leave-one-out (PRESS; Allen, Technometrics 16, 1974; Golub,
// Heath and Wahba, Technometrics 21, 1979), so that its out-of-fold predictions cost no further fit.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::prediction {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class Ridge {
 public:
  // For features [rows x columns], and the weights >= 0 of the rows, at least one of them > 0.
  Ridge(const RowMatrix& features, std::span<const float> weights, const compute::CancelFlag& cancel);

  struct Fit {
    std::vector<float> slopes;  // [columns]
    double intercept = 0;
    std::vector<float> leftOut;  // [rows]: what the fit without that row says of it
  };
  // To one target per row; those of weight 0 do not count, and their `leftOut` is the fit's.
  Fit fit(std::span<const float> target, const compute::CancelFlag& cancel) const;

 private:
  std::vector<float> weights_;
  double total_ = 0;
  Eigen::VectorXd mean_;         // [columns], weighted
  Eigen::VectorXd eigenvalues_;  // of the centred, weighted features' Gram matrix
  Eigen::MatrixXd eigenvectors_;
  RowMatrix rotated_;  // [rows x columns]: centred features along the eigenvectors
};

}  // namespace omnirouter::prediction
