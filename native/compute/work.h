// Effort, counted in what is done and not in time: for the same input it is the same on every machine and for every number
// of threads, so that a computation that ends when its work is done gives the same answer everywhere.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace omnirouter::compute {

enum class WorkKind : uint8_t {
  entries,   // values of matrices that were read
  softmins,  // models of a row that were weighed by a softmin
  nodes,     // of a depth-first search
  pivots,    // entries of matrices that linear algebra has changed, in simplex steps and Newton systems
  moves,     // changes of a plan that were examined
};
inline constexpr size_t kWorkKinds = 5;

// What one of each amounts to, in units of roughly half a nanosecond of one core: reading a value takes about one.
inline constexpr std::array<uint64_t, kWorkKinds> kWorkUnits = {1, 12, 120, 2, 30};

inline constexpr double kMillisecondsPerUnit = 0.5e-6;

// How many of each were counted, and what they come to.
struct WorkCounts {
  std::array<uint64_t, kWorkKinds> count{};

  uint64_t of(WorkKind kind) const { return count[static_cast<size_t>(kind)]; }
  uint64_t units() const {
    uint64_t sum = 0;
    for (size_t k = 0; k < kWorkKinds; ++k) sum += kWorkUnits[k] * count[k];
    return sum;
  }
};

// The counters of one computation. Threads may count side by side; sums are looked at between their tasks only.
class Work {
 public:
  void count(WorkKind kind, uint64_t amount) {
    counters_[static_cast<size_t>(kind)].fetch_add(amount, std::memory_order_relaxed);
  }
  WorkCounts counts() const {
    WorkCounts counts;
    for (size_t k = 0; k < kWorkKinds; ++k) counts.count[k] = counters_[k].load(std::memory_order_relaxed);
    return counts;
  }

 private:
  std::array<std::atomic<uint64_t>, kWorkKinds> counters_{};
};

}  // namespace omnirouter::compute
