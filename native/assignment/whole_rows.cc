#include "assignment/whole_rows.h"

#include <algorithm>
#include <cmath>

namespace omnirouter::assignment {

std::vector<double> wholeRows(const RowSet& kinds, std::span<const double> amount, size_t models) {
  // Less of a kind than this share, and than half a row, is what the relaxation has not brought to 0 yet.
  constexpr double kLeastShare = 1e-3, kLeastRows = 0.5;
  std::vector<double> whole(amount.size());
  std::vector<double> carry(models, 0.0), want;
  std::vector<size_t> order;
  size_t first = 0;
  for (size_t k = 0; k < kinds.size(); ++k) {
    const RowSet::Row row = kinds[k];
    double left = row.copies;
    order.clear();
    want.assign(row.models.size(), 0.0);
    for (size_t c = 0; c < row.models.size(); ++c) {
      want[c] = amount[first + c];
      if (want[c] < std::min(kLeastShare * row.copies, kLeastRows)) continue;
      want[c] += carry[row.models[c]];
      whole[first + c] = std::max(0.0, std::floor(want[c]));
      left -= whole[first + c];
      order.push_back(c);
    }
    const auto lacks = [&](size_t c) { return want[c] - whole[first + c]; };
    for (; left > 0; --left) {
      const size_t c =
          *std::max_element(order.begin(), order.end(), [&](size_t a, size_t b) { return lacks(a) < lacks(b); });
      ++whole[first + c];
    }
    for (; left < 0; ++left) {
      size_t most = order[0];
      for (const size_t c : order)
        if (whole[first + c] > 0 && (whole[first + most] == 0 || lacks(c) < lacks(most))) most = c;
      --whole[first + most];
    }
    for (const size_t c : order) carry[row.models[c]] = lacks(c);
    first += row.models.size();
  }
  return whole;
}

}  // namespace omnirouter::assignment
