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

class Nearest {
 public:
  explicit Nearest(size_t k) : k_(k) {}

  bool full() const { return heap_.size() == k_; }
  // The worst one held; only when full() and k > 0.
  const Neighbour& worst() const { return heap_.front(); }

  void offer(const Neighbour& candidate) {
    if (!full()) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end(), nearer);
    } else if (k_ > 0 && nearer(candidate, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end(), nearer);
    }
  }

  // Nearest first; the heap is gone afterwards.
  std::span<const Neighbour> sorted() {
    std::sort(heap_.begin(), heap_.end(), nearer);
    return heap_;
  }
  void clear() { heap_.clear(); }

 private:
  size_t k_;
  std::vector<Neighbour> heap_;  // worst on top
};

}  // namespace omnirouter::retrieval
