// Sixteen float lanes in two AVX registers.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  __m256 low, high;
};
using Bits = uint32_t;  // one per lane

inline __m256i firstOf8(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline Lanes loadFirst(const float* p, size_t n) {
  if (n <= 8) return {_mm256_maskload_ps(p, firstOf8(n)), _mm256_setzero_ps()};
  return {_mm256_loadu_ps(p), _mm256_maskload_ps(p + 8, firstOf8(n - 8))};
}
inline void store(float* p, Lanes a) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}
inline Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Lanes add(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Lanes subtract(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Lanes multiply(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Lanes least(Lanes a, Lanes b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline Lanes absolute(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline __m256 maskOf8(Bits where) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(where)), bit);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bit));
}
inline Lanes select(Bits where, Lanes yes, Lanes no) {
  return {_mm256_blendv_ps(no.low, yes.low, maskOf8(where & 255)),
          _mm256_blendv_ps(no.high, yes.high, maskOf8(where >> 8 & 255))};
}
inline Bits bitsOf(__m256 low, __m256 high) {
  return static_cast<Bits>(_mm256_movemask_ps(low)) | static_cast<Bits>(_mm256_movemask_ps(high)) << 8;
}
inline Bits equal(Lanes a, Lanes b) {
  return bitsOf(_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ));
}
inline Bits greater(Lanes a, Lanes b) {
  return bitsOf(_mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ));
}
inline Bits atMost(Lanes a, Lanes b) {
  return bitsOf(_mm256_cmp_ps(a.low, b.low, _CMP_LE_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LE_OQ));
}
inline float leastLane(Lanes a) {
  const __m256 eight = _mm256_min_ps(a.low, a.high);
  __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(four, _mm_shuffle_ps(four, four, 1)));
}

// Eight double lanes in two registers.
struct Doubles {
  __m256d low, high;
};

inline Doubles load(const double* p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
inline __m256i firstOf4(size_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(n)), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline Doubles loadFirst(const double* p, size_t n) {
  if (n <= 4) return {_mm256_maskload_pd(p, firstOf4(n)), _mm256_setzero_pd()};
  return {_mm256_loadu_pd(p), _mm256_maskload_pd(p + 4, firstOf4(n - 4))};
}
inline void store(double* p, Doubles a) {
  _mm256_storeu_pd(p, a.low);
  _mm256_storeu_pd(p + 4, a.high);
}
inline Doubles widen(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4))}; }
inline Doubles widenFirst(const float* p, size_t n) {
  const __m256 eight = _mm256_maskload_ps(p, firstOf8(n));
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(eight)), _mm256_cvtps_pd(_mm256_extractf128_ps(eight, 1))};
}
inline Doubles allDoubles(double x) { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
inline Doubles add(Doubles a, Doubles b) { return {_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)}; }
inline Doubles subtract(Doubles a, Doubles b) { return {_mm256_sub_pd(a.low, b.low), _mm256_sub_pd(a.high, b.high)}; }
inline Doubles multiply(Doubles a, Doubles b) { return {_mm256_mul_pd(a.low, b.low), _mm256_mul_pd(a.high, b.high)}; }
inline Doubles divide(Doubles a, Doubles b) { return {_mm256_div_pd(a.low, b.low), _mm256_div_pd(a.high, b.high)}; }
inline Doubles least(Doubles a, Doubles b) { return {_mm256_min_pd(a.low, b.low), _mm256_min_pd(a.high, b.high)}; }
inline __m256d maskOf4(Bits where) {
  const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi64x(static_cast<long long>(where)), bit);
  return _mm256_castsi256_pd(_mm256_cmpeq_epi64(set, bit));
}
inline Doubles select(Bits where, Doubles yes, Doubles no) {
  return {_mm256_blendv_pd(no.low, yes.low, maskOf4(where & 15)),
          _mm256_blendv_pd(no.high, yes.high, maskOf4(where >> 4 & 15))};
}
inline Bits bitsOf(__m256d low, __m256d high) {
  return static_cast<Bits>(_mm256_movemask_pd(low)) | static_cast<Bits>(_mm256_movemask_pd(high)) << 4;
}
inline Bits equal(Doubles a, Doubles b) {
  return bitsOf(_mm256_cmp_pd(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_pd(a.high, b.high, _CMP_EQ_OQ));
}
inline Bits atMost(Doubles a, Doubles b) {
  return bitsOf(_mm256_cmp_pd(a.low, b.low, _CMP_LE_OQ), _mm256_cmp_pd(a.high, b.high, _CMP_LE_OQ));
}
inline double leastLane(Doubles a) {
  const __m256d four = _mm256_min_pd(a.low, a.high);
  const __m128d two = _mm_min_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_min_sd(two, _mm_unpackhi_pd(two, two)));
}
inline double sumOfLanes(Doubles a) {
  const __m256d four = _mm256_add_pd(a.low, a.high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
inline __m256d divideByPowerOf4(__m256d a, __m256d shifted) {
  const __m256i exponent =
      _mm256_sub_epi64(_mm256_set1_epi64x(int64_t{1023} << 52), _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52));
  return _mm256_mul_pd(a, _mm256_castsi256_pd(exponent));
}
// a * 2^-n, the lowest bits of `shifted` being n (compute/exp.h).
inline Doubles divideByPower(Doubles a, Doubles shifted) {
  return {divideByPowerOf4(a.low, shifted.low), divideByPowerOf4(a.high, shifted.high)};
}

}  // namespace
