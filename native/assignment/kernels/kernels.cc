#include "assignment/kernels/first_bend.h"
#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"
#include "assignment/kernels/softmin_pairs.h"
#include "assignment/kernels/softmin_row.h"
#include "assignment/kernels/values_within.h"

namespace omnirouter::assignment {

#define OMNIROUTER_KERNELS(isa)                                                                 \
  extern const FindFirstBend kFindFirstBend_##isa;                                              \
  extern const LeastReduced kLeastReduced_##isa;                                                \
  extern const ScreenRows kScreenRows_##isa;                                                    \
  extern const AddSoftminRow kAddSoftminRow_##isa;                                              \
  extern const SoftminPairs kSoftminPairs_##isa;                                                \
  extern const ValuesWithin kValuesWithin_##isa;                                                \
  static const Kernels k_##isa{&kFindFirstBend_##isa, &kLeastReduced_##isa, &kScreenRows_##isa, \
                               &kAddSoftminRow_##isa, &kSoftminPairs_##isa, &kValuesWithin_##isa};

namespace {
// Pointers to the constants of another file, which may not be initialised yet when these are.
struct Kernels {
  const FindFirstBend* findFirstBend;
  const LeastReduced* leastReduced;
  const ScreenRows* screenRows;
  const AddSoftminRow* addSoftminRow;
  const SoftminPairs* softminPairs;
  const ValuesWithin* valuesWithin;
};
}  // namespace

OMNIROUTER_KERNELS(scalar)
#if defined(__x86_64__) || defined(_M_X64)
OMNIROUTER_KERNELS(avx2)
OMNIROUTER_KERNELS(avx512)
#elif defined(__aarch64__)
OMNIROUTER_KERNELS(neon)
#endif
#undef OMNIROUTER_KERNELS

namespace {

const Kernels& kernels(compute::Isa isa) {
  switch (isa) {
#if defined(__x86_64__) || defined(_M_X64)
    case compute::Isa::avx512:
      return k_avx512;
    case compute::Isa::avx2:
      return k_avx2;
#elif defined(__aarch64__)
    case compute::Isa::neon:
      return k_neon;
#endif
    default:
      return k_scalar;
  }
}

}  // namespace

FindFirstBend findFirstBend(compute::Isa isa) { return *kernels(isa).findFirstBend; }
LeastReduced leastReduced(compute::Isa isa) { return *kernels(isa).leastReduced; }
ScreenRows screenRows(compute::Isa isa) { return *kernels(isa).screenRows; }
AddSoftminRow addSoftminRow(compute::Isa isa) { return *kernels(isa).addSoftminRow; }
SoftminPairs softminPairs(compute::Isa isa) { return *kernels(isa).softminPairs; }
ValuesWithin valuesWithin(compute::Isa isa) { return *kernels(isa).valuesWithin; }

}  // namespace omnirouter::assignment
