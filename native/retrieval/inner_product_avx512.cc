#include <immintrin.h>

#include "retrieval/inner_product_kernels.h"

namespace {

using Vec = __m512;
constexpr int kWidth = 16;
constexpr int kRowsAtOnce = 4;  // 8 sums of 32 registers; enough rows in flight to keep the memory busy

inline Vec zero() { return _mm512_setzero_ps(); }
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline Vec loadFirst(const float* p, size_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
}
inline Vec multiplyAdd(Vec x, Vec y, Vec sum) { return _mm512_fmadd_ps(x, y, sum); }
inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline float fold(Vec v) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace

#include "retrieval/inner_product_generic.inl"

const omnirouter::retrieval::InnerProduct omnirouter::retrieval::kAvx512InnerProduct{one, rows};
