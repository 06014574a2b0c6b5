// One table of kernels per instruction set, each defined in its own translation unit because each needs its own
// compiler flags. Those units include no C++ standard library: an inline function compiled there with wider
// instructions could be the copy that the linker keeps for everyone.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace omnirouter::retrieval {

struct InnerProduct {
  // <x, y> over `dimension` elements.
  float (*one)(const float* x, const float* y, size_t dimension);
  // out[r] = <x, rows[r]> for `count` consecutive rows: the same bits as `one`, faster because rows are interleaved.
  void (*rows)(const float* x, const float* rows, size_t count, size_t dimension, float* out);
  // out[q * rowCount + r] = <queries[q], rows[r]>: the same bits again, faster where the rows fit the innermost cache.
  void (*block)(const float* queries, size_t queryCount, const float* rows, size_t rowCount, size_t dimension,
                float* out);
  // out[r] = <query, rows[r]> in whole numbers for `count` consecutive rows of codes (row_codes.h): `width` elements each,
  // a multiple of kCodesAtOnce, whose products add up to less than 2^31 in absolute value.
  void (*codes)(const int16_t* query, const int8_t* rows, size_t count, size_t width, int32_t* out);
};

extern const InnerProduct kScalarInnerProduct;
extern const InnerProduct kAvx2InnerProduct;
extern const InnerProduct kAvx512InnerProduct;
extern const InnerProduct kNeonInnerProduct;

}  // namespace omnirouter::retrieval
