// The best k of a stream of (similarity, id): higher similarity first, then lower id.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace omnirouter::retrieval {

struct Neighbour {
  float similarity = -std::numeric_limits<float>::infinity();
  int32_t id = -1;
};

// Strict total order over distinct ids, so that a result does not depend on the order in which rows were seen.
inline bool nearer(const Neighbour& a, const Neighbour& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
}

// Keeps what may still be among the best k, twice as many at most: each time that many have gathered, half of them are
// cut off, and whatever comes after must beat the worst of the others. It costs a few operations a candidate, where a
// heap costs the logarithm of k.
class Nearest {
 public:
  explicit Nearest(size_t k) : k_(k) {}

  // No candidate of less similarity can be among the best k any more.
  float floor() const { return worst_.similarity; }

  void offer(const Neighbour& candidate) {
    if (k_ == 0 || !nearer(candidate, worst_)) return;
    held_.push_back(candidate);
    if (held_.size() == 2 * k_) {
      cut();
      worst_ = held_[k_ - 1];
    }
  }

  // The best k, in no order.
  std::span<const Neighbour> best() {
    cut();
    return held_;
  }
  // Nearest first.
  std::span<const Neighbour> sorted() {
    cut();
    std::sort(held_.begin(), held_.end(), nearer);
    return held_;
  }

 private:
  void cut() {
    if (held_.size() <= k_) return;
    std::nth_element(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(k_ - 1), held_.end(), nearer);
    held_.resize(k_);
  }

  size_t k_;
  std::vector<Neighbour> held_;
  Neighbour worst_{-std::numeric_limits<float>::infinity(), std::numeric_limits<int32_t>::max()};
};

}  // namespace omnirouter::retrieval
