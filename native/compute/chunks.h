// Fixed-size slices of [0, size): their borders depend on the problem, never on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>

namespace omnirouter::compute {

struct Range {
  size_t begin, end;
  size_t size() const { return end - begin; }
};

class Chunks {
 public:
  Chunks(size_t size, size_t slice) : size_(size), slice_(slice) {}
  size_t count() const { return (size_ + slice_ - 1) / slice_; }
  Range operator[](size_t chunk) const { return {chunk * slice_, std::min(size_, (chunk + 1) * slice_)}; }

 private:
  size_t size_, slice_;
};

}  // namespace omnirouter::compute
