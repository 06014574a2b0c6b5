#include "assignment/kernels/lanes_avx512.inl"
#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/least_reduced.inl"
#include "assignment/kernels/screen_rows.inl"
}  // namespace

extern const LeastReduced kLeastReduced_avx512;
const LeastReduced kLeastReduced_avx512 = leastReducedRows;
extern const ScreenRows kScreenRows_avx512;
const ScreenRows kScreenRows_avx512 = screenRowsAll;

}  // namespace omnirouter::assignment
