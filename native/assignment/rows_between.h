// The rows whose best model differs between two prices of one limit, those of all others being 0. All other rows keep
// theirs in between: the least of lines is concave, and a line that touches it at both ends lies on it.
#pragma once

#include <vector>

#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// What all rows come to at a price: the line of the dual there.
struct Line {
  double price = 0, objective = 0, slope = 0;
  double dual() const { return objective + price * slope; }
};

struct Between {
  Line below, above;               // at the lower price, and at the higher
  RowSet open;                     // the rows that differ, with all that may be best in between
  std::vector<uint8_t> low, high;  // per open row, its candidate at either price
};

// One walk over all rows; `limit` is the one that is priced. choice[] becomes the models at `high`.
Between rowsBetween(const Problem& problem, size_t limit, double low, double high, uint8_t* choice,
                    const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
