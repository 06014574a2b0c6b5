#include "retrieval/row_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace omnirouter::retrieval {

namespace {

constexpr double kMostRowCode = std::numeric_limits<int8_t>::max();
// The lengths and errors are sums in double precision of up to 2^16 squares: this much more is no less than the truth.
constexpr double kUpwards = 1 + 0x1p-30;

struct Coded {
  double scale, length, error, coded;
};

// The nearest multiples of the largest element's share; of a zero vector, zeros.
template <class Code>
Coded encode(std::span<const float> x, double most, Code* codes) {
  double largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(static_cast<double>(value)));
  const double scale = largest / most;
  const double perUnit = largest > 0 ? most / largest : 0;
  double squares = 0, errors = 0, coded = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto code = static_cast<Code>(std::lrint(std::clamp(x[i] * perUnit, -most, most)));
    const double error = x[i] - scale * code;
    codes[i] = code;
    squares += static_cast<double>(x[i]) * x[i];
    errors += error * error;
    coded += static_cast<double>(code) * code;
  }
  std::fill(codes + x.size(), codes + paddedCodes(x.size()), Code{0});
  // An error is itself rounded, by less than 2^-51 of the element.
  const double length = kUpwards * std::sqrt(squares);
  return {scale, length, kUpwards * std::sqrt(errors) + 0x1p-51 * length, kUpwards * scale * std::sqrt(coded)};
}

// As fine as the sum of all products of codes, in 32 bits, allows.
double mostQueryCode(size_t dimension) {
  const double room = std::floor(std::numeric_limits<int32_t>::max() / (kMostRowCode * static_cast<double>(dimension)));
  return std::min<double>(room, std::numeric_limits<int16_t>::max());
}

}  // namespace

CodedRow encodeRow(std::span<const float> x, int8_t* codes) {
  const Coded coded = encode(x, kMostRowCode, codes);
  return {coded.scale, coded.length, coded.error};
}

CodedQuery::CodedQuery(std::span<const float> query) : codes_(paddedCodes(query.size())) {
  const Coded coded = encode(query, mostQueryCode(query.size()), codes_.data());
  // 32 lanes of one rounding an element and five folds (inner_product.h; Higham, Accuracy and Stability of Numerical
  // Algorithms, 2nd ed., eq. 3.5), and as much again for the few roundings of an interval.
  const double roundings = 2 * static_cast<double>((query.size() + 31) / 32 + 5) * 0x1p-24;
  scale_ = coded.scale;
  coded_ = coded.coded;
  rest_ = coded.error + roundings * coded.length;
}

}  // namespace omnirouter::retrieval
