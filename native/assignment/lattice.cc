#include "assignment/lattice.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "assignment/recovery.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kMostRows = 65536;
// Bits between the greatest value and the step of its lattice: more are taken for measurements, which have none.
constexpr int kMostBits = 12;

// The greatest power of two that divides every value of a quantity, or 0 where that is no lattice worth the name.
double stepOf(const Problem& problem, size_t quantity) {
  const float* values = problem.quantities[quantity].values;
  int lowest = std::numeric_limits<int>::max(), highest = std::numeric_limits<int>::min();
  for (size_t e = 0; e < problem.rows * problem.models; ++e) {
    const auto bits = std::bit_cast<uint32_t>(values[e]);
    const uint32_t exponent = bits >> 23 & 0xFF, fraction = bits & 0x7FFFFF;
    if (exponent == 0 && fraction == 0) continue;
    const uint32_t significand = exponent == 0 ? fraction : fraction | 0x800000;
    const int unit =
        std::max(1, static_cast<int>(exponent)) - 150;  // of the significand's last place, as a power of two
    lowest = std::min(lowest, unit + std::countr_zero(significand));
    highest = std::max(highest, unit + static_cast<int>(std::bit_width(significand)) - 1);
    if (highest - lowest > kMostBits) return 0;
  }
  return lowest <= highest ? std::ldexp(1.0, lowest) : 0;
}

}  // namespace

Problem onLattice(const Problem& problem) {
  Problem rounded = problem;
  if (problem.rows > kMostRows) return rounded;
  std::vector<double> steps(problem.quantities.size(), -1);  // -1: not looked at yet
  for (Limit& limit : rounded.limits) {
    double step = 1;
    if (limit.quantity != kRequests) {
      double& known = steps[static_cast<size_t>(limit.quantity)];
      if (known < 0) known = stepOf(problem, static_cast<size_t>(limit.quantity));
      step = known;
    }
    // Plans that miss the bound by its tolerance keep holding; a step not much above that is none.
    const double room = tolerance(limit);
    if (step <= 4 * room || step == 0) continue;
    const double nearest =
        limit.atLeast ? std::ceil((limit.bound - room) / step) * step : std::floor((limit.bound + room) / step) * step;
    limit.bound = limit.atLeast ? std::max(limit.bound, nearest) : std::min(limit.bound, nearest);
  }
  return rounded;
}

}  // namespace omnirouter::assignment
