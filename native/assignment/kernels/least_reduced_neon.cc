#include "assignment/kernels/least_reduced.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
}  // namespace

extern const LeastReduced kLeastReduced_neon;
const LeastReduced kLeastReduced_neon = leastReducedRows;

}  // namespace omnirouter::assignment
