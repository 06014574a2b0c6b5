// exp(-x) for the softmin weights: a function of our own, because the C library's differs between platforms in the last
// bit and results are promised to be identical everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omnirouter::compute {

namespace exp_detail {
constexpr double kLog2e = 1.4426950408889634;
constexpr double kLn2High = 0x1.62e42fefap-1, kLn2Low = 0x1.cf79abc9e3b3ap-40;
constexpr double kRound = 0x1.8p52;  // adding and subtracting it rounds to the nearest whole number
constexpr double kTaylor[] = {
    1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0, 1 / 40320.0, 1 / 5040.0,
    1 / 720.0,        1 / 120.0,       1 / 24.0,       1 / 6.0,       0.5,          1.0,         1.0};
}  // namespace exp_detail

// exp(-x) for 0 <= x <= 700, to about 2 ulp. x = n ln 2 + f with |f| <= ln 2 / 2 (Cody and Waite's two-part ln 2, so
// that n * ln 2 is subtracted exactly), exp(-f) by its Taylor polynomial of degree 13 (remainder below 2^-57), times
// 2^-n.
inline double expOfMinus(double x) {
  using namespace exp_detail;
  const double shifted = x * kLog2e + kRound;
  const double n = shifted - kRound;
  const double f = n * kLn2Low - (x - n * kLn2High);
  double p = kTaylor[0];
  for (size_t t = 1; t < sizeof kTaylor / sizeof(double); ++t) p = p * f + kTaylor[t];
  // The lowest bits of `shifted` are those of n; the others are shifted out.
  const uint64_t exponent = (uint64_t{1023} << 52) - (__builtin_bit_cast(uint64_t, shifted) << 52);
  return p * __builtin_bit_cast(double, exponent);
}

}  // namespace omnirouter::compute
