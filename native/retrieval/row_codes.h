// Rows of bytes that stand for rows of floats, a quarter of what has to be read, and how far from the truth they can lead.
//
// A row x is written x = scale * X + e, X in whole numbers of one byte, and a query q = scale' * Q + e' in two bytes. Then
//
//   <q, x> = scale' scale <Q, X> + <scale' Q, e> + <e', x>,
//
// where <Q, X> is a sum of integers, exact in any order, and the other two are at most |scale' Q| |e| + |e'| |x|
// (Cauchy and Schwarz). So every row has an interval that its similarity lies in for certain, rounding included, and a
// row whose interval ends below k others' beginnings is not among the k nearest (exact_search.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace omnirouter::retrieval {

// Codes are padded with zeros to a multiple of this, so that kernels need no tail.
constexpr size_t kCodesAtOnce = 32;
constexpr size_t paddedCodes(size_t dimension) { return (dimension + kCodesAtOnce - 1) / kCodesAtOnce * kCodesAtOnce; }

// What a row's codes leave to be known.
struct CodedRow {
  double scale;   // of a unit of code
  double length;  // |x|
  double error;   // |e|
};

// Writes a row's codes, paddedCodes(x.size()) of them.
CodedRow encodeRow(std::span<const float> x, int8_t* codes);

// The similarity of a row by the inner product's kernels lies in [middle - radius, middle + radius].
struct Interval {
  double middle, radius;
};

class CodedQuery {
 public:
  explicit CodedQuery(std::span<const float> query);

  const int16_t* codes() const { return codes_.data(); }
  // `product` is that of the query's and the row's codes.
  Interval similarity(const CodedRow& row, int32_t product) const {
    return {scale_ * row.scale * product, coded_ * row.error + rest_ * row.length + kLeast};
  }

 private:
  // More than all that underflow can lose: some 2^-150 for each of at most 2^16 elements.
  static constexpr double kLeast = 0x1p-120;

  std::vector<int16_t> codes_;
  double scale_;
  double coded_;  // |scale' Q|
  double rest_;   // |e'|, and what the kernels' rounding comes to for each unit of a row's length
};

}  // namespace omnirouter::retrieval
