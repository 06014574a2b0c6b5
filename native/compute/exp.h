// exp(-x) for the softmin weights: a function of our own, because the C library's differs between platforms in the last
// bit and results are promised to be identical everywhere.
#pragma once

#include <cstdint>

namespace omnirouter::compute {

// exp(-x) for 0 <= x <= 700, to about 2 ulp. x = n ln 2 + f with |f| <= ln 2 / 2 (Cody and Waite's two-part ln 2, so
// that n * ln 2 is subtracted exactly), exp(-f) by its Taylor polynomial of degree 13 (remainder below 2^-57), times
// 2^-n.
static inline __attribute__((always_inline)) double expOfMinus(double x) {
  constexpr double kLog2e = 1.4426950408889634;
  constexpr double kLn2High = 0x1.62e42fefap-1, kLn2Low = 0x1.cf79abc9e3b3ap-40;
  constexpr double kRound = 0x1.8p52;  // adding and subtracting it rounds to the nearest whole number
  const double shifted = x * kLog2e + kRound;
  const double n = shifted - kRound;
  const double f = -((x - n * kLn2High) - n * kLn2Low);
  double p = 1.0 / 6227020800.0;
  p = p * f + 1.0 / 479001600.0;
  p = p * f + 1.0 / 39916800.0;
  p = p * f + 1.0 / 3628800.0;
  p = p * f + 1.0 / 362880.0;
  p = p * f + 1.0 / 40320.0;
  p = p * f + 1.0 / 5040.0;
  p = p * f + 1.0 / 720.0;
  p = p * f + 1.0 / 120.0;
  p = p * f + 1.0 / 24.0;
  p = p * f + 1.0 / 6.0;
  p = p * f + 0.5;
  p = p * f + 1.0;
  p = p * f + 1.0;
  // The lowest bits of `shifted` are those of n; the rest is shifted out. Whole numbers only, so that it vectorises.
  const uint64_t exponent = (uint64_t{1023} << 52) - (__builtin_bit_cast(uint64_t, shifted) << 52);
  return p * __builtin_bit_cast(double, exponent);
}

}  // namespace omnirouter::compute
