#include "assignment/kernels/least_reduced.h"

namespace omnirouter::assignment {

extern const LeastReduced kLeastReduced_scalar, kLeastReduced_avx2, kLeastReduced_avx512, kLeastReduced_neon;

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

}  // namespace omnirouter::assignment
