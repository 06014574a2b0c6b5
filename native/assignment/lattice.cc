#include "assignment/lattice.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Bits between the greatest value and the step of its lattice: more are taken for measurements, which have none.
constexpr int kMostBits = 12;
constexpr size_t kSlice = 4096, kFirst = 256;
// Powers of two beyond these are more than onStep() can add to a float.
constexpr int kMostExponent = 90;

// The greatest power of two that divides every one of the values, and the greatest bit in them.
struct Bits {
  int lowest = std::numeric_limits<int>::max(), highest = std::numeric_limits<int>::min();
  bool any() const { return lowest <= highest; }
  bool fine() const { return any() && highest - lowest > kMostBits; }
};

void add(const float* values, size_t count, Bits& bits) {
  for (size_t e = 0; e < count && !bits.fine(); ++e) {
    const auto word = std::bit_cast<uint32_t>(values[e]);
    const uint32_t exponent = word >> 23 & 0xFF, fraction = word & 0x7FFFFF;
    if (exponent == 0 && fraction == 0) continue;
    const uint32_t significand = exponent == 0 ? fraction : fraction | 0x800000;
    const int unit =
        std::max(1, static_cast<int>(exponent)) - 150;  // of the significand's last place, as a power of two
    bits.lowest = std::min(bits.lowest, unit + std::countr_zero(significand));
    bits.highest = std::max(bits.highest, unit + static_cast<int>(std::bit_width(significand)) - 1);
  }
}

// Whether every value is a multiple of 2^exponent and none has a bit too many. Beside a number so large, a float has no
// digits below 2^exponent: adding it rounds them off. What a compiler makes vectors of.
bool onStep(const float* values, size_t count, int exponent) {
  const float large = std::ldexp(1.5f, 23 + exponent), most = std::ldexp(1.0f, kMostBits + 1 + exponent);
  int off = 0;
  for (size_t e = 0; e < count; ++e) {
    const float rounded = (values[e] + large) - large;
    off |= (rounded != values[e]) | (values[e] >= most);
  }
  return off == 0;
}

// The greatest power of two that divides every value of a quantity, or 0 where that is no lattice worth the name, or
// its step at most `useless`.
double stepOf(const Problem& problem, size_t quantity, double useless) {
  const float* values = problem.quantities[quantity].values;
  // Measurements show in the first rows, and the finest step of most lattices.
  Bits bits;
  add(values, std::min(problem.rows, kFirst) * problem.models, bits);
  const auto step = [&] { return bits.any() && !bits.fine() ? std::ldexp(1.0, bits.lowest) : 0; };
  if (step() <= useless) return 0;
  if (std::abs(bits.lowest) > kMostExponent) {
    add(values, problem.rows * problem.models, bits);
    return step();
  }
  if (problem.rows <= kFirst) return step();
  const compute::Chunks chunks(problem.rows, kSlice);
  std::vector<uint8_t> off(chunks.count(), 0);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    const compute::Range rows = chunks[chunk];
    off[chunk] = !onStep(values + rows.begin * problem.models, rows.size() * problem.models, bits.lowest);
  });
  for (size_t chunk = 0; chunk < off.size() && !bits.fine(); ++chunk) {
    const compute::Range rows = chunks[chunk];
    const float* own = values + rows.begin * problem.models;
    const size_t count = rows.size() * problem.models;
    // Mostly what the first of them showed holds for the others.
    if (off[chunk] && !(bits.lowest >= -kMostExponent && onStep(own, count, bits.lowest))) add(own, count, bits);
  }
  return step();
}

}  // namespace

bool objectiveHasLattice(const Problem& problem) {
  for (size_t k = 0; k < problem.quantities.size(); ++k)
    if (problem.objective[k] != 0 && stepOf(problem, k, 0) == 0) return false;
  return true;
}

void onLattice(const Problem& problem, Problem& rounded) {
  rounded = problem;
  // A step not much above what a limit may be missed by is none.
  const auto useless = [](const Limit& limit) { return 4 * tolerance(limit); };
  // Of each quantity, the finest tolerance among its limits.
  double least[kMaxQuantities], steps[kMaxQuantities] = {};
  std::fill_n(least, kMaxQuantities, std::numeric_limits<double>::infinity());
  for (const Limit& limit : problem.limits)
    if (limit.quantity != kRequests) {
      double& finest = least[static_cast<size_t>(limit.quantity)];
      finest = std::min(finest, useless(limit));
    }
  for (size_t k = 0; k < problem.quantities.size(); ++k)
    if (least[k] < std::numeric_limits<double>::infinity()) steps[k] = stepOf(problem, k, least[k]);
  for (Limit& limit : rounded.limits) {
    const double step = limit.quantity == kRequests ? 1 : steps[static_cast<size_t>(limit.quantity)];
    if (step <= useless(limit)) continue;
    const double room = rounding(limit);
    const double nearest =
        limit.atLeast ? std::ceil((limit.bound - room) / step) * step : std::floor((limit.bound + room) / step) * step;
    limit.bound = limit.atLeast ? std::max(limit.bound, nearest) : std::min(limit.bound, nearest);
  }
}

}  // namespace omnirouter::assignment
