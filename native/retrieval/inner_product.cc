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

}  // namespace omnirouter::retrieval
