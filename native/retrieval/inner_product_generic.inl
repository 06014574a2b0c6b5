// The kernels, written once. An including file first defines, in an anonymous namespace:
//   Vec, kWidth                       a register, and its number of lanes
//   kRowsAtOnce                       rows whose sums, kLanes each, fit the register file at once
//   kTileQueries                      queries that fit it together with four rows, a register for each pair
//   load(p), loadFirst(p, n)          n < kWidth elements, the rest zero
//   multiplyAdd(x, y, sum), add(a, b)
//   fold(v)                           the lanes of one register folded in halves
//   foldFour(v, out)                  the same of four registers at once
//   codeProducts<kRows>(query, rows, width, out)   the products of codes of 1 or 4 consecutive rows

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

// Four rows against a few queries, for batches: each loaded register serves several sums. The file of registers holds one
// part of all those sums at a time, so the rows are passed over once per part; they stay in the innermost cache meanwhile.
constexpr size_t kTileRows = 4;

template <size_t kQueries>
void tile(const float* queries, const float* rows, size_t dimension, float* out, size_t stride) {
  Vec sums[kParts][kQueries * kTileRows];
  for (size_t part = 0; part < kParts; ++part) {
    Vec sum[kQueries * kTileRows];
#pragma GCC unroll 32
    for (size_t s = 0; s < kQueries * kTileRows; ++s) sum[s] = zero();
    size_t i = part * kWidth;
    for (; i + kWidth <= dimension; i += kLanes) {
      Vec ys[kTileRows];
#pragma GCC unroll 4
      for (size_t r = 0; r < kTileRows; ++r) ys[r] = load(rows + r * dimension + i);
#pragma GCC unroll 8
      for (size_t q = 0; q < kQueries; ++q) {
        const Vec xs = load(queries + q * dimension + i);
#pragma GCC unroll 4
        for (size_t r = 0; r < kTileRows; ++r)
          sum[q * kTileRows + r] = multiplyAdd(xs, ys[r], sum[q * kTileRows + r]);
      }
    }
    if (i < dimension)
      for (size_t q = 0; q < kQueries; ++q)
        for (size_t r = 0; r < kTileRows; ++r)
          sum[q * kTileRows + r] =
              multiplyAdd(loadFirst(queries + q * dimension + i, dimension - i),
                          loadFirst(rows + r * dimension + i, dimension - i), sum[q * kTileRows + r]);
#pragma GCC unroll 32
    for (size_t s = 0; s < kQueries * kTileRows; ++s) sums[part][s] = sum[s];
  }
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t half = kParts / 2; half >= 1; half /= 2)
      for (size_t p = 0; p < half; ++p)
        for (size_t r = 0; r < kTileRows; ++r)
          sums[p][q * kTileRows + r] = add(sums[p][q * kTileRows + r], sums[p + half][q * kTileRows + r]);
    foldFour(&sums[0][q * kTileRows], out + q * stride);
    for (size_t r = 0; r < kTileRows; ++r) out[q * stride + r] += 0.0f;  // as in foldLanes
  }
}

// A tile of 1 to kQueries queries, each number of them compiled for itself.
template <size_t kQueries>
void upToTile(size_t count, const float* queries, const float* rows, size_t dimension, float* out, size_t stride) {
  if constexpr (kQueries > 0) {
    if (count == kQueries)
      tile<kQueries>(queries, rows, dimension, out, stride);
    else
      upToTile<kQueries - 1>(count, queries, rows, dimension, out, stride);
  }
}

void block(const float* queries, size_t queryCount, const float* first, size_t rowCount, size_t dimension, float* out) {
  const size_t tiled = rowCount - rowCount % kTileRows;
  for (size_t q = 0; q < queryCount; q += kTileQueries) {
    const size_t count = queryCount - q < kTileQueries ? queryCount - q : kTileQueries;
    const float* query = queries + q * dimension;
    float* place = out + q * rowCount;
    const size_t done = count > 1 ? tiled : 0;  // alone a query is as fast by the rows
    for (size_t r = 0; r < done; r += kTileRows)
      upToTile<kTileQueries>(count, query, first + r * dimension, dimension, place + r, rowCount);
    for (size_t one = 0; one < count && done < rowCount; ++one)
      rows(query + one * dimension, first + done * dimension, rowCount - done, dimension,
           place + one * rowCount + done);
  }
}

void codes(const int16_t* query, const int8_t* first, size_t count, size_t width, int32_t* out) {
  size_t r = 0;
  for (; r + 4 <= count; r += 4) codeProducts<4>(query, first + r * width, width, out + r);
  for (; r < count; ++r) codeProducts<1>(query, first + r * width, width, out + r);
}

}  // namespace
