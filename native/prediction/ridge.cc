#include "prediction/ridge.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <limits>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::prediction {

namespace {

// Of features whose squares sum to about sixteen a row: from hardly any shrinkage to nearly all, a factor of 2 apart.
constexpr double kLeastPenalty = 4;
constexpr int kPenalties = 12;
constexpr size_t kRowsPerChunk = 512;

Eigen::Index index(size_t i) { return static_cast<Eigen::Index>(i); }

}  // namespace

Ridge::Ridge(const RowMatrix& features, std::span<const float> weights, const compute::CancelFlag& cancel)
    : weights_(weights.begin(), weights.end()) {
  const auto rows = static_cast<size_t>(features.rows());
  const Eigen::Index columns = features.cols();
  mean_ = Eigen::VectorXd::Zero(columns);
  for (size_t row = 0; row < rows; ++row) {
    total_ += weights_[row];
    mean_ += static_cast<double>(weights_[row]) * features.row(index(row)).cast<double>().transpose();
  }
  mean_ /= total_;
  const compute::Chunks chunks(rows, kRowsPerChunk);
  std::vector<Eigen::MatrixXd> parts(chunks.count());
  const Eigen::RowVectorXf centre = mean_.cast<float>();
  rotated_ = features.rowwise() - centre;
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    const auto slab = rotated_.middleRows(index(range.begin), index(range.size()));
    const Eigen::Map<const Eigen::VectorXf> w(weights_.data() + range.begin, index(range.size()));
    parts[chunk] = (slab.transpose() * w.asDiagonal() * slab).cast<double>();
  });
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(columns, columns);
  for (const auto& part : parts) gram += part;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram);
  eigenvalues_ = solver.eigenvalues().cwiseMax(0.0);
  eigenvectors_ = solver.eigenvectors();
  const Eigen::MatrixXf vectors = eigenvectors_.cast<float>();
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    auto slab = rotated_.middleRows(index(range.begin), index(range.size()));
    slab = (slab * vectors).eval();
  });
}

Ridge::Fit Ridge::fit(std::span<const float> target, const compute::CancelFlag& cancel) const {
  const size_t rows = weights_.size();
  const Eigen::Index columns = eigenvalues_.size();
  double mean = 0;
  for (size_t row = 0; row < rows; ++row)
    if (weights_[row] > 0) mean += static_cast<double>(weights_[row]) * target[row];
  mean /= total_;
  Eigen::VectorXd moments = Eigen::VectorXd::Zero(columns);
  for (size_t row = 0; row < rows; ++row)
    if (weights_[row] > 0)
      moments += (static_cast<double>(weights_[row]) * (target[row] - mean)) *
                 rotated_.row(index(row)).cast<double>().transpose();

  // Of each row under each penalty: the prediction, and the row's leverage.
  Eigen::MatrixXf slopes(columns, kPenalties), shrunk(columns, kPenalties);
  for (int p = 0; p < kPenalties; ++p) {
    const double penalty = kLeastPenalty * static_cast<double>(1 << p);
    shrunk.col(p) = (eigenvalues_.array() + penalty).inverse().cast<float>();
    slopes.col(p) = (moments.array() / (eigenvalues_.array() + penalty)).cast<float>();
  }
  RowMatrix leftOut(index(rows), kPenalties);
  const compute::Chunks chunks(rows, kRowsPerChunk);
  std::vector<Eigen::ArrayXd> errors(chunks.count(), Eigen::ArrayXd::Zero(kPenalties));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    const auto slab = rotated_.middleRows(index(range.begin), index(range.size()));
    const RowMatrix fitted = slab * slopes, leverage = slab.cwiseAbs2() * shrunk;
    for (size_t row = range.begin; row < range.end; ++row) {
      const double weight = weights_[row];
      for (int p = 0; p < kPenalties; ++p) {
        const double at = mean + fitted(index(row - range.begin), p);
        const double h = std::min(weight * (leverage(index(row - range.begin), p) + 1 / total_), 0.999);
        const double miss = weight > 0 ? (target[row] - at) / (1 - h) : 0;
        leftOut(index(row), p) = static_cast<float>(weight > 0 ? target[row] - miss : at);
        errors[chunk][p] += weight * miss * miss;
      }
    }
  });
  Eigen::ArrayXd error = Eigen::ArrayXd::Zero(kPenalties);
  for (const auto& part : errors) error += part;
  Eigen::Index best = 0;
  error.minCoeff(&best);

  Fit result;
  const Eigen::VectorXd along = eigenvectors_ * slopes.col(best).cast<double>();
  result.intercept = mean - along.dot(mean_);
  const Eigen::VectorXf narrow = along.cast<float>();
  result.slopes.assign(narrow.data(), narrow.data() + columns);
  result.leftOut.resize(rows);
  for (size_t row = 0; row < rows; ++row) result.leftOut[row] = leftOut(index(row), best);
  return result;
}

}  // namespace omnirouter::prediction
