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
inline float leastLane(Lanes a) { return _mm512_reduce_min_ps(a); }

}  // namespace
