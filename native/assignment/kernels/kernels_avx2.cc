#include "assignment/kernels/first_bend.h"
#include "assignment/kernels/lanes_avx2.inl"
#include "assignment/kernels/least_reduced.h"
#include "assignment/kernels/screen_rows.h"
#include "assignment/kernels/softmin_pairs.h"
#include "assignment/kernels/softmin_row.h"
#include "assignment/kernels/values_within.h"
#include "compute/exp.h"

namespace omnirouter::assignment {

namespace {
#include "assignment/kernels/exp.inl"
#include "assignment/kernels/first_bend.inl"
#include "assignment/kernels/least_reduced.inl"
#include "assignment/kernels/screen_rows.inl"
#include "assignment/kernels/softmin_pairs.inl"
#include "assignment/kernels/softmin_row.inl"
#include "assignment/kernels/values_within.inl"
}  // namespace

extern const FindFirstBend kFindFirstBend_avx2;
const FindFirstBend kFindFirstBend_avx2 = findFirstBendAll;
extern const LeastReduced kLeastReduced_avx2;
const LeastReduced kLeastReduced_avx2 = leastReducedRows;
extern const ScreenRows kScreenRows_avx2;
const ScreenRows kScreenRows_avx2 = screenRowsAll;
extern const AddSoftminRow kAddSoftminRow_avx2;
const AddSoftminRow kAddSoftminRow_avx2 = addSoftminRowAll;
extern const SoftminPairs kSoftminPairs_avx2;
const SoftminPairs kSoftminPairs_avx2 = softminPairsAll;
extern const ValuesWithin kValuesWithin_avx2;
const ValuesWithin kValuesWithin_avx2 = valuesWithinAll;

}  // namespace omnirouter::assignment
