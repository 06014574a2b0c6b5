// What ends a computation early. A flag, raised once, from any thread, and looked at once a chunk: the computation throws
// and its work is lost. A deadline, looked at between steps: it ends with the best it has.
#pragma once

#include <atomic>

#include "compute/deadline.h"
#include "errors.h"

namespace omnirouter::compute {

class CancelFlag {
 public:
  CancelFlag() = default;
  // Raised when `outer` is, which must outlive it; with a deadline of its own.
  CancelFlag(const CancelFlag& outer, Deadline deadline) : outer_(&outer), deadline_(deadline) {}

  void raise() { raised_.store(true, std::memory_order_relaxed); }
  bool raised() const { return raised_.load(std::memory_order_relaxed) || (outer_ != nullptr && outer_->raised()); }
  void throwIfRaised() const {
    if (raised()) throw Cancelled();
  }
  bool timeIsUp() const { return deadline_.passed(); }

 private:
  std::atomic<bool> raised_{false};
  const CancelFlag* outer_ = nullptr;
  Deadline deadline_;
};

}  // namespace omnirouter::compute
