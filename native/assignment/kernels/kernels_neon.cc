#include "assignment/kernels/lanes_neon.inl"
#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
#include "assignment/kernels/screen_rows.inl"
}  // namespace

extern const LeastReduced kLeastReduced_neon;
const LeastReduced kLeastReduced_neon = leastReducedRows;
extern const ScreenRows kScreenRows_neon;
const ScreenRows kScreenRows_neon = screenRowsAll;

}  // namespace omnirouter::assignment
