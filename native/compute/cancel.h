// What ends a computation early. A flag, raised once, from any thread, and looked at once a chunk: the computation throws
// and its work is lost. A deadline, and an amount of work (work.h), looked at between steps: it ends with the best it has.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "compute/deadline.h"
#include "compute/work.h"
#include "errors.h"

namespace omnirouter::compute {

class CancelFlag {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  CancelFlag() = default;
  // Raised when `outer` is, which must outlive it; with a deadline of its own, and work counted in `work`, of which there
  // may be `units` in all.
  CancelFlag(const CancelFlag& outer, Deadline deadline, Work& work, uint64_t units)
      : outer_(&outer), deadline_(deadline), work_(&work), units_(units) {}
  // The same with less work, `units` in all, counted from the beginning of the whole; and so many milliseconds less time.
  CancelFlag(const CancelFlag& outer, uint64_t units, double earlier = 0)
      : outer_(&outer),
        deadline_(outer.deadline_.earlier(earlier)),
        work_(outer.work_),
        units_(units < outer.units_ ? units : outer.units_) {}

  void raise() { raised_.store(true, std::memory_order_relaxed); }
  bool raised() const { return raised_.load(std::memory_order_relaxed) || (outer_ != nullptr && outer_->raised()); }
  void throwIfRaised() const {
    if (raised()) throw Cancelled();
  }

  void count(WorkKind kind, uint64_t amount) const {
    if (work_ != nullptr) work_->count(kind, amount);
  }
  uint64_t unitsDone() const { return work_ == nullptr ? 0 : work_->counts().units(); }
  uint64_t units() const { return units_; }
  uint64_t unitsLeft() const {
    if (units_ == kUnlimited) return kUnlimited;
    const uint64_t done = unitsDone();
    return done < units_ ? units_ - done : 0;
  }

  bool timeIsUp() const { return deadline_.passed(); }
  bool workIsDone() const { return units_ != kUnlimited && unitsDone() >= units_; }
  // Whether a step of so many units is likely to be over in time. One thread is counted with: others may be busy.
  bool affords(uint64_t units) const {
    return units <= unitsLeft() && static_cast<double>(units) * kMillisecondsPerUnit <= deadline_.left();
  }
  // No more is to be done than what a plan at hand still needs.
  bool mustEnd() const { return workIsDone() || timeIsUp(); }

 private:
  std::atomic<bool> raised_{false};
  const CancelFlag* outer_ = nullptr;
  Deadline deadline_;
  Work* work_ = nullptr;
  uint64_t units_ = kUnlimited;
};

}  // namespace omnirouter::compute
