// A time after which a computation settles for what it has.
#pragma once

#include <chrono>
#include <limits>

namespace omnirouter::compute {

class Deadline {
 public:
  Deadline() = default;  // never passes
  explicit Deadline(double milliseconds)
      : limited_(milliseconds < kLongest),
        at_(limited_ ? Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                          std::chrono::duration<double, std::milli>(milliseconds))
                     : Clock::time_point()) {}

  // So many milliseconds before this one.
  Deadline earlier(double milliseconds) const {
    Deadline other = *this;
    other.at_ -= std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(milliseconds));
    return other;
  }
  // Milliseconds; infinite without a limit.
  double left() const {
    return limited_ ? std::chrono::duration<double, std::milli>(at_ - Clock::now()).count()
                    : std::numeric_limits<double>::infinity();
  }
  bool passed() const { return limited_ && Clock::now() >= at_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kLongest = 1e12;  // 30 years; a clock's ticks overflow beyond some hundred
  bool limited_ = false;
  Clock::time_point at_;
};

}  // namespace omnirouter::compute
