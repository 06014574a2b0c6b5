#include "assignment/kernels/first_bend.h"
#include "assignment/kernels/lanes_neon.inl"
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

extern const FindFirstBend kFindFirstBend_neon;
const FindFirstBend kFindFirstBend_neon = findFirstBendAll;
extern const LeastReduced kLeastReduced_neon;
const LeastReduced kLeastReduced_neon = leastReducedRows;
extern const ScreenRows kScreenRows_neon;
const ScreenRows kScreenRows_neon = screenRowsAll;
extern const AddSoftminRow kAddSoftminRow_neon;
const AddSoftminRow kAddSoftminRow_neon = addSoftminRowAll;
extern const SoftminPairs kSoftminPairs_neon;
const SoftminPairs kSoftminPairs_neon = softminPairsAll;
extern const ValuesWithin kValuesWithin_neon;
const ValuesWithin kValuesWithin_neon = valuesWithinAll;

}  // namespace omnirouter::assignment
