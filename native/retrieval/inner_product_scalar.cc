// The plain one, always built and what the others are tested against. On a CPU without fused multiply-add the C library
// emulates it: slow, but the same bits.
#include "retrieval/inner_product_kernels.h"

namespace {

constexpr int kLanes = 32;

float one(const float* x, const float* y, size_t dimension) {
  float sum[kLanes] = {};
  for (size_t i = 0; i < dimension; ++i) sum[i % kLanes] = __builtin_fmaf(x[i], y[i], sum[i % kLanes]);
  for (int half = kLanes / 2; half >= 1; half /= 2)
    for (int l = 0; l < half; ++l) sum[l] += sum[l + half];
  return sum[0] + 0.0f;
}

void rows(const float* x, const float* first, size_t count, size_t dimension, float* out) {
  for (size_t r = 0; r < count; ++r) out[r] = one(x, first + r * dimension, dimension);
}

void block(const float* queries, size_t queryCount, const float* first, size_t rowCount, size_t dimension, float* out) {
  for (size_t q = 0; q < queryCount; ++q) rows(queries + q * dimension, first, rowCount, dimension, out + q * rowCount);
}

void codes(const int16_t* query, const int8_t* rows, size_t count, size_t width, int32_t* out) {
  for (size_t r = 0; r < count; ++r) {
    out[r] = 0;
    for (size_t i = 0; i < width; ++i) out[r] += int32_t{query[i]} * rows[r * width + i];
  }
}

}  // namespace

const omnirouter::retrieval::InnerProduct omnirouter::retrieval::kScalarInnerProduct{one, rows, block, codes};
