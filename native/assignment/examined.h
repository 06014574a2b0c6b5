// Counts the changes of a plan that a local search examines, and says when that is enough: where the work or the time is
// used up, or where so many are allowed all the same.
#pragma once

#include <algorithm>
#include <cstdint>

#include "compute/cancel.h"

namespace omnirouter::assignment {

class Examined {
 public:
  // As many as there is work left for, and `least` in any case.
  Examined(const compute::CancelFlag& cancel, uint64_t least)
      : cancel_(cancel), least_(least), most_(std::max(least, cancel.unitsLeft() / kUnits)) {
    look();
  }
  ~Examined() { cancel_.count(compute::WorkKind::moves, count_); }
  Examined(const Examined&) = delete;
  Examined& operator=(const Examined&) = delete;

  void add(uint64_t changes) {
    count_ += changes;
    if (count_ >= next_) look();
  }
  uint64_t count() const { return count_; }
  bool enough() const { return enough_; }

 private:
  static constexpr uint64_t kUnits = compute::kWorkUnits[static_cast<size_t>(compute::WorkKind::moves)];
  // Between two looks at the clock.
  static constexpr uint64_t kLook = 4096;

  void look() {
    next_ = count_ + kLook;
    enough_ = count_ >= most_ || (count_ >= least_ && cancel_.timeIsUp());
  }

  const compute::CancelFlag& cancel_;
  const uint64_t least_, most_;
  uint64_t count_ = 0, next_ = 0;
  bool enough_ = false;
};

}  // namespace omnirouter::assignment
