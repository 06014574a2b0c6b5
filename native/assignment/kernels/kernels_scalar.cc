#include "assignment/kernels/lanes_scalar.inl"
#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
#include "assignment/kernels/screen_rows.inl"
}  // namespace

extern const LeastReduced kLeastReduced_scalar;
const LeastReduced kLeastReduced_scalar = leastReducedRows;
extern const ScreenRows kScreenRows_scalar;
const ScreenRows kScreenRows_scalar = screenRowsAll;

}  // namespace omnirouter::assignment
