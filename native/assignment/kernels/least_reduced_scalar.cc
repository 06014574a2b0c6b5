#include "assignment/kernels/least_reduced.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
}  // namespace

extern const LeastReduced kLeastReduced_scalar;
const LeastReduced kLeastReduced_scalar = leastReducedRows;

}  // namespace omnirouter::assignment
