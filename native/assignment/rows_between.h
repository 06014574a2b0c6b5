// The rows whose best model differs between two prices of a single limit. All others keep theirs in between: the least of
// lines is concave, and a line that touches it at both ends lies on it.
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

// One walk over all rows of a problem with one limit. choice[] becomes the models at `high`.
Between rowsBetween(const Problem& problem, double low, double high, uint8_t* choice,
                    const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
