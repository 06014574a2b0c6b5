#include "prediction/query_features.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::prediction {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRows = Eigen::Map<const Matrix>;

// The axes of a unit vector are scaled to the surface's, whose weight is that of a few axes: chosen on splits inside the
// training parts of zeroeval and mmlu-pro, flat within a factor of two.
constexpr float kAxisScale = 4, kSurfaceScale = 0.3f;
// A surface feature this many deviations off is as odd as it can be.
constexpr float kMostDeviations = 4;
// Rows that decide the axes: their moments are known to 1 % then.
constexpr size_t kMomentRows = 16384;
constexpr size_t kRowsPerChunk = 256;

Eigen::Index index(size_t i) { return static_cast<Eigen::Index>(i); }

}  // namespace

QueryFeatures QueryFeatures::fit(std::span<const float> embeddings, size_t dimension, const Texts& texts,
                                 const compute::CancelFlag& cancel) {
  QueryFeatures features;
  const size_t rows = texts.size();
  features.dimension_ = dimension;
  features.axes_ = std::min(dimension, kMaxAxes);

  // Evenly spaced, so that no order of the history matters.
  const size_t step = std::max<size_t>(1, (rows + kMomentRows - 1) / kMomentRows);
  const compute::Chunks chunks((rows + step - 1) / step, kRowsPerChunk);
  std::vector<Eigen::MatrixXd> parts(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    Eigen::MatrixXf slab(index(dimension), index(range.size()));
    for (size_t at = range.begin; at < range.end; ++at)
      slab.col(index(at - range.begin)) =
          Eigen::Map<const Eigen::VectorXf>(embeddings.data() + at * step * dimension, index(dimension));
    parts[chunk] = (slab * slab.transpose()).cast<double>();
  });
  Eigen::MatrixXd moments = Eigen::MatrixXd::Zero(index(dimension), index(dimension));
  for (const auto& part : parts) moments += part;
  cancel.throwIfRaised();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(moments);
  const Matrix rotation =
      (solver.eigenvectors().rightCols(index(features.axes_)).rowwise().reverse() * kAxisScale).cast<float>();
  features.rotation_.assign(rotation.data(), rotation.data() + rotation.size());

  std::vector<double> sum(kSurfaceFeatures), square(kSurfaceFeatures);
  float values[kSurfaceFeatures];
  for (size_t row = 0; row < rows; ++row) {
    surface(texts[row], values);
    for (size_t f = 0; f < kSurfaceFeatures; ++f) {
      sum[f] += values[f];
      square[f] += static_cast<double>(values[f]) * values[f];
    }
  }
  for (size_t f = 0; f < kSurfaceFeatures; ++f) {
    const double mean = sum[f] / std::max<double>(static_cast<double>(rows), 1);
    const double variance = square[f] / std::max<double>(static_cast<double>(rows), 1) - mean * mean;
    features.mean_.push_back(static_cast<float>(mean));
    features.scale_.push_back(variance > 1e-9 ? static_cast<float>(1 / std::sqrt(variance)) : 0);
  }
  return features;
}

void QueryFeatures::map(std::span<const float> embeddings, const Texts& texts, float* out,
                        const compute::CancelFlag& cancel) const {
  const compute::Chunks chunks(texts.size(), kRowsPerChunk);
  const ConstRows rotation(rotation_.data(), index(dimension_), index(axes_));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    const ConstRows from(embeddings.data() + range.begin * dimension_, index(range.size()), index(dimension_));
    // One row at a time, because a product of several rounds otherwise: a query's prediction may not depend on its batch.
    Eigen::RowVectorXf axes(index(axes_));
    for (size_t row = range.begin; row < range.end; ++row) {
      axes.noalias() = from.row(index(row - range.begin)) * rotation;
      float* to = std::copy(axes.data(), axes.data() + axes_, out + row * size());
      surface(texts[row], to);
      for (size_t f = 0; f < kSurfaceFeatures; ++f)
        to[f] = kSurfaceScale * std::clamp((to[f] - mean_[f]) * scale_[f], -kMostDeviations, kMostDeviations);
    }
  });
}

}  // namespace omnirouter::prediction
