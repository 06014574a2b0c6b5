// A query as the trained half sees it: its embedding along the history's principal axes, and its surface.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compute/cancel.h"
#include "prediction/surface.h"
#include "prediction/texts.h"

namespace omnirouter::prediction {

// Axes kept of an embedding: what a wider embedder adds beyond is noise to a ridge, and cubic time to its fit.
inline constexpr size_t kMaxAxes = 256;

class QueryFeatures {
 public:
  // `embeddings` is [texts.size() x dimension], row-major, finite. Principal axes by the embeddings' second moments.
  static QueryFeatures fit(std::span<const float> embeddings, size_t dimension, const Texts& texts,
                           const compute::CancelFlag& cancel);

  size_t dimension() const { return dimension_; }
  size_t axes() const { return axes_; }
  size_t size() const { return axes_ + kSurfaceFeatures; }

  // Row i of `out` [texts.size() x size()]: the axes, largest first, then the surface. In parallel.
  void map(std::span<const float> embeddings, const Texts& texts, float* out, const compute::CancelFlag& cancel) const;

  // For the saved form (hybrid_file.cc).
  template <class Archive>
  void archive(Archive& file) {
    file.size(dimension_);
    file.size(axes_);
    file.array(rotation_, dimension_ * axes_);
    file.array(mean_, kSurfaceFeatures);
    file.array(scale_, kSurfaceFeatures);
  }

 private:
  size_t dimension_ = 0, axes_ = 0;
  std::vector<float> rotation_;      // [dimension x axes]
  std::vector<float> mean_, scale_;  // [kSurfaceFeatures]
};

}  // namespace omnirouter::prediction
