// Sixteen float lanes in one AVX-512 register.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace {

using Lanes = __m512;
using Bits = uint32_t;  // one per lane

inline __mmask16 first(size_t n) { return static_cast<__mmask16>((1u << n) - 1); }
inline Lanes load(const float* p) { return _mm512_loadu_ps(p); }
inline Lanes loadFirst(const float* p, size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
inline void store(float* p, Lanes a) { _mm512_storeu_ps(p, a); }
inline Lanes all(float x) { return _mm512_set1_ps(x); }
inline Lanes add(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
inline Lanes subtract(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
inline Lanes multiply(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
inline Lanes least(Lanes a, Lanes b) { return _mm512_min_ps(a, b); }
inline Lanes absolute(Lanes a) { return _mm512_abs_ps(a); }
inline Lanes select(Bits where, Lanes yes, Lanes no) {
  return _mm512_mask_blend_ps(static_cast<__mmask16>(where), no, yes);
}
inline Bits equal(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Bits greater(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
inline Bits atMost(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline float leastLane(Lanes a) { return _mm512_reduce_min_ps(a); }

// Eight double lanes in one register.
using Doubles = __m512d;

inline Doubles load(const double* p) { return _mm512_loadu_pd(p); }
inline Doubles loadFirst(const double* p, size_t n) { return _mm512_maskz_loadu_pd(static_cast<__mmask8>(first(n)), p); }
inline void store(double* p, Doubles a) { _mm512_storeu_pd(p, a); }
inline Doubles widen(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
inline Doubles widenFirst(const float* p, size_t n) {
  return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(static_cast<__mmask8>(first(n)), p));
}
inline Doubles allDoubles(double x) { return _mm512_set1_pd(x); }
inline Doubles add(Doubles a, Doubles b) { return _mm512_add_pd(a, b); }
inline Doubles subtract(Doubles a, Doubles b) { return _mm512_sub_pd(a, b); }
inline Doubles multiply(Doubles a, Doubles b) { return _mm512_mul_pd(a, b); }
inline Doubles divide(Doubles a, Doubles b) { return _mm512_div_pd(a, b); }
inline Doubles least(Doubles a, Doubles b) { return _mm512_min_pd(a, b); }
inline Doubles select(Bits where, Doubles yes, Doubles no) {
  return _mm512_mask_blend_pd(static_cast<__mmask8>(where), no, yes);
}
inline Bits equal(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
inline Bits atMost(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
inline double leastLane(Doubles a) { return _mm512_reduce_min_pd(a); }
inline double sumOfLanes(Doubles a) {
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
// a * 2^-n, the lowest bits of `shifted` being n (compute/exp.h).
inline Doubles divideByPower(Doubles a, Doubles shifted) {
  const __m512i exponent =
      _mm512_sub_epi64(_mm512_set1_epi64(int64_t{1023} << 52), _mm512_slli_epi64(_mm512_castpd_si512(shifted), 52));
  return _mm512_mul_pd(a, _mm512_castsi512_pd(exponent));
}

}  // namespace
