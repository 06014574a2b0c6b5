#include <immintrin.h>

#include "retrieval/inner_product_kernels.h"

namespace {

using Vec = __m512;
constexpr int kWidth = 16;
constexpr size_t kTileQueries = 6;  // 24 sums of 32 registers
constexpr int kRowsAtOnce = 4;      // 8 sums of 32 registers; enough rows in flight to keep the memory busy

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

inline void foldFour(const Vec* v, float* out) {
  // 16 lanes to 8, two registers in one; 8 to 4, four in one; then within each quarter.
  const Vec ab = add(_mm512_shuffle_f32x4(v[0], v[1], 0x44), _mm512_shuffle_f32x4(v[0], v[1], 0xEE));
  const Vec cd = add(_mm512_shuffle_f32x4(v[2], v[3], 0x44), _mm512_shuffle_f32x4(v[2], v[3], 0xEE));
  const Vec abcd = add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
  const Vec two = add(abcd, _mm512_permute_ps(abcd, 0x4E));
  const Vec one = add(two, _mm512_permute_ps(two, 0xB1));
  _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(
                         _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), one)));
}

inline __m256i upperAndLower(__m512i v) {
  return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

template <int kRows>
inline void codeProducts(const int16_t* query, const int8_t* rows, size_t width, int32_t* out) {
  __m512i sum[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  for (size_t i = 0; i < width; i += 32) {
    const __m512i q = _mm512_loadu_si512(query + i);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + r * width + i));
      sum[r] = _mm512_add_epi32(sum[r], _mm512_madd_epi16(q, _mm512_cvtepi8_epi16(bytes)));
    }
  }
  const __m256i ab = _mm256_hadd_epi32(upperAndLower(sum[0]), upperAndLower(sum[1]));
  const __m256i cd = _mm256_hadd_epi32(upperAndLower(sum[2]), upperAndLower(sum[3]));
  const __m256i abcd = _mm256_hadd_epi32(ab, cd);
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
  if (kRows == 4)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), four);
  else
    *out = _mm_cvtsi128_si32(four);
}

}  // namespace

#include "retrieval/inner_product_generic.inl"

const omnirouter::retrieval::InnerProduct omnirouter::retrieval::kAvx512InnerProduct{one, rows, block, codes};
