#include "assignment/kernels/first_bend.h"
#include "assignment/kernels/lanes_scalar.inl"
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

extern const FindFirstBend kFindFirstBend_scalar;
const FindFirstBend kFindFirstBend_scalar = findFirstBendAll;
extern const LeastReduced kLeastReduced_scalar;
const LeastReduced kLeastReduced_scalar = leastReducedRows;
extern const ScreenRows kScreenRows_scalar;
const ScreenRows kScreenRows_scalar = screenRowsAll;
extern const AddSoftminRow kAddSoftminRow_scalar;
const AddSoftminRow kAddSoftminRow_scalar = addSoftminRowAll;
extern const SoftminPairs kSoftminPairs_scalar;
const SoftminPairs kSoftminPairs_scalar = softminPairsAll;
extern const ValuesWithin kValuesWithin_scalar;
const ValuesWithin kValuesWithin_scalar = valuesWithinAll;

}  // namespace omnirouter::assignment
