#include "assignment/kernels/least_reduced.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
}  // namespace

extern const LeastReduced kLeastReduced_avx512;
const LeastReduced kLeastReduced_avx512 = leastReducedRows;

}  // namespace omnirouter::assignment
