#include <arm_neon.h>

#include "retrieval/inner_product_kernels.h"

namespace {

using Vec = float32x4_t;
constexpr int kWidth = 4;
constexpr size_t kTileQueries = 4;  // 16 sums of 32 registers
constexpr int kRowsAtOnce = 2;      // 16 sums of 32 registers

inline Vec zero() { return vdupq_n_f32(0); }
inline Vec load(const float* p) { return vld1q_f32(p); }
inline Vec loadFirst(const float* p, size_t n) {
  float padded[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < n; ++i) padded[i] = p[i];
  return vld1q_f32(padded);
}
inline Vec multiplyAdd(Vec x, Vec y, Vec sum) { return vfmaq_f32(sum, x, y); }
inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
inline float fold(Vec v) {
  const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

inline void foldFour(const Vec* v, float* out) {
  for (int r = 0; r < 4; ++r) out[r] = fold(v[r]);
}

template <int kRows>
inline void codeProducts(const int16_t* query, const int8_t* rows, size_t width, int32_t* out) {
  int32x4_t sum[kRows];
  for (int r = 0; r < kRows; ++r) sum[r] = vdupq_n_s32(0);
  for (size_t i = 0; i < width; i += 8) {
    const int16x8_t q = vld1q_s16(query + i);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const int16x8_t x = vmovl_s8(vld1_s8(rows + r * width + i));
      sum[r] = vmlal_s16(sum[r], vget_low_s16(q), vget_low_s16(x));
      sum[r] = vmlal_high_s16(sum[r], q, x);
    }
  }
  for (int r = 0; r < kRows; ++r) out[r] = vaddvq_s32(sum[r]);
}

}  // namespace

#include "retrieval/inner_product_generic.inl"

const omnirouter::retrieval::InnerProduct omnirouter::retrieval::kNeonInnerProduct{one, rows, block, codes};
