// A flag raised once, from any thread, and looked at once a chunk by the computation it stops.
#pragma once

#include <atomic>

#include "errors.h"

namespace omnirouter::compute {

class CancelFlag {
 public:
  void raise() { raised_.store(true, std::memory_order_relaxed); }
  bool raised() const { return raised_.load(std::memory_order_relaxed); }
  void throwIfRaised() const {
    if (raised()) throw Cancelled();
  }

 private:
  std::atomic<bool> raised_{false};
};

}  // namespace omnirouter::compute
