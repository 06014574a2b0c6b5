// Arbitrary bytes as a stream of small decisions; past their end every decision is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "compute/cancel.h"

namespace omnirouter::test {

inline const compute::CancelFlag kNever;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  // In [0, n).
  size_t below(size_t n) { return (n > 256 ? byte() * size_t{256} + byte() : byte()) % n; }
  bool oneIn(size_t n) { return below(n) == n - 1; }
  // In [0, 1], on a grid of 1/255, so that ties and exact sums are common.
  double unit() { return byte() / 255.0; }
  // Any eight bytes as a number.
  double raw() {
    uint8_t bytes[sizeof(double)];
    for (uint8_t& b : bytes) b = byte();
    double value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::span<const uint8_t> rest() const { return rest_; }

 private:
  std::span<const uint8_t> rest_;
};

// What a target does with an input: each defines it (*_fuzz.cc).
void fuzz(Input& in);

// A broken promise: libFuzzer keeps the bytes that led to it.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace omnirouter::test
