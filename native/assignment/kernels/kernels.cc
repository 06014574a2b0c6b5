#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"

namespace omnirouter::assignment {

extern const LeastReduced kLeastReduced_scalar, kLeastReduced_avx2, kLeastReduced_avx512, kLeastReduced_neon;
extern const ScreenRows kScreenRows_scalar, kScreenRows_avx2, kScreenRows_avx512, kScreenRows_neon;

LeastReduced leastReduced(compute::Isa isa) {
  switch (isa) {
#if defined(__x86_64__) || defined(_M_X64)
    case compute::Isa::avx512:
      return kLeastReduced_avx512;
    case compute::Isa::avx2:
      return kLeastReduced_avx2;
#elif defined(__aarch64__)
    case compute::Isa::neon:
      return kLeastReduced_neon;
#endif
    default:
      return kLeastReduced_scalar;
  }
}

ScreenRows screenRows(compute::Isa isa) {
  switch (isa) {
#if defined(__x86_64__) || defined(_M_X64)
    case compute::Isa::avx512:
      return kScreenRows_avx512;
    case compute::Isa::avx2:
      return kScreenRows_avx2;
#elif defined(__aarch64__)
    case compute::Isa::neon:
      return kScreenRows_neon;
#endif
    default:
      return kScreenRows_scalar;
  }
}

}  // namespace omnirouter::assignment
