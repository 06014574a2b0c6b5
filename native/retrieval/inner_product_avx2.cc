#include <immintrin.h>

#include "retrieval/inner_product_kernels.h"

namespace {

using Vec = __m256;
constexpr int kWidth = 8;
constexpr size_t kTileQueries = 3;  // 12 sums of 16 registers
constexpr int kRowsAtOnce = 2;      // 8 sums of 16 registers

inline Vec zero() { return _mm256_setzero_ps(); }
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline Vec loadFirst(const float* p, size_t n) {
  alignas(32) static const int kMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return _mm256_maskload_ps(p, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMask + 8 - n)));
}
inline Vec multiplyAdd(Vec x, Vec y, Vec sum) { return _mm256_fmadd_ps(x, y, sum); }
inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline __m128 upperAndLower(Vec v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
inline float fold(Vec v) {
  const __m128 four = upperAndLower(v);
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline void foldFour(const Vec* v, float* out) {
  const __m128 a = upperAndLower(v[0]), b = upperAndLower(v[1]), c = upperAndLower(v[2]), d = upperAndLower(v[3]);
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));
  _mm_storeu_ps(out, _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xDD)));
}

inline __m128i foldCodes(const __m256i* v) {
  const __m256i four = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
}

template <int kRows>
inline void codeProducts(const int16_t* query, const int8_t* rows, size_t width, int32_t* out) {
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  for (size_t i = 0; i < width; i += 16) {
    const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query + i));
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + r * width + i));
      sum[r] = _mm256_add_epi32(sum[r], _mm256_madd_epi16(q, _mm256_cvtepi8_epi16(bytes)));
    }
  }
  const __m128i four = foldCodes(sum);
  if (kRows == 4)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), four);
  else
    *out = _mm_cvtsi128_si32(four);
}

}  // namespace

#include "retrieval/inner_product_generic.inl"

const omnirouter::retrieval::InnerProduct omnirouter::retrieval::kAvx2InnerProduct{one, rows, block, codes};
