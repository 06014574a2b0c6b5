#include "retrieval/inner_product.h"

namespace omnirouter::retrieval {

const InnerProduct& innerProduct(compute::Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case compute::Isa::avx512:
      return kAvx512InnerProduct;
    case compute::Isa::avx2:
      return kAvx2InnerProduct;
#elif defined(__aarch64__)
    case compute::Isa::neon:
      return kNeonInnerProduct;
#endif
    default:
      return kScalarInnerProduct;
  }
}

namespace {
double gamma(double operations) {
  constexpr double kUnitRoundoff = 0x1p-24;
  return operations * kUnitRoundoff / (1 - operations * kUnitRoundoff);
}
}  // namespace

double innerProductError(size_t dimension) { return gamma(static_cast<double>((dimension + 31) / 32 + 5)); }
double anyOrderError(size_t dimension) { return gamma(static_cast<double>(dimension)); }

}  // namespace omnirouter::retrieval
