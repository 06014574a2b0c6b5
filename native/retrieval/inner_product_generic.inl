// The kernels, written once. An including file first defines, in an anonymous namespace:
//   Vec, kWidth, kRowsAtOnce          a register, its number of lanes, rows that fit the register file at
//   once load(p), loadFirst(p, n)          n < kWidth elements, the rest zero multiplyAdd(x, y, sum), add(a,
//   b) fold(v)                           the lanes of one register folded in halves

namespace {

constexpr int kLanes = 32;
constexpr int kParts = kLanes / kWidth;

inline float foldLanes(Vec* sum) {
#pragma GCC unroll 5
  for (int half = kParts / 2; half >= 1; half /= 2)
#pragma GCC unroll 16
    for (int p = 0; p < half; ++p) sum[p] = add(sum[p], sum[p + half]);
  return fold(sum[0]) +
         0.0f;  // a sum of nothing but underflow may be -0, depending on the padding: make it +0
}

template <int kRows>
inline void products(const float* x, const float* rows, size_t dimension, float* out) {
  Vec sum[kRows][kParts];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 32
    for (int p = 0; p < kParts; ++p) sum[r][p] = zero();
  size_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes)
#pragma GCC unroll 32
    for (int p = 0; p < kParts; ++p) {
      const Vec xs = load(x + i + p * kWidth);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r)
        sum[r][p] = multiplyAdd(xs, load(rows + r * dimension + i + p * kWidth), sum[r][p]);
    }
#pragma GCC unroll 32
  for (int p = 0; p < kParts; ++p) {
    if (i >= dimension) break;
    const size_t left = dimension - i;
    const bool whole = left >= kWidth;
    const Vec xs = whole ? load(x + i) : loadFirst(x + i, left);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const float* y = rows + r * dimension + i;
      sum[r][p] = multiplyAdd(xs, whole ? load(y) : loadFirst(y, left), sum[r][p]);
    }
    i += whole ? kWidth : left;
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) out[r] = foldLanes(sum[r]);
}

float one(const float* x, const float* y, size_t dimension) {
  float out;
  products<1>(x, y, dimension, &out);
  return out;
}

void rows(const float* x, const float* first, size_t count, size_t dimension, float* out) {
  size_t r = 0;
  for (; r + kRowsAtOnce <= count; r += kRowsAtOnce)
    products<kRowsAtOnce>(x, first + r * dimension, dimension, out + r);
  for (; r < count; ++r) products<1>(x, first + r * dimension, dimension, out + r);
}

}  // namespace
