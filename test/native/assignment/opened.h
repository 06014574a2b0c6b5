// A batch of which all rows are open, at prices of 0 until a test sets others.
#pragma once

#include "assignment/newton.h"
#include "assignment/row_set.h"
#include "assignment/simplex.h"

namespace omnirouter::assignment::test {

struct Opened {
  explicit Opened(const Problem& problem)
      : p(problem),
        terms(problem),
        rows(openRows(problem, RowSample::all(problem.rows))),
        scale(measureScale(problem, terms, rows)),
        prices(Eigen::VectorXd::Zero(scale.price.size())) {}

  const Problem& p;
  const Terms terms;
  const RowSet rows;
  const Scale scale;
  Eigen::VectorXd prices;
};

// At the prices of a vertex of its dual.
struct AtVertex : Opened {
  explicit AtVertex(const Problem& problem) : Opened(problem) {
    Simplex simplex;
    simplex.maximise(p, terms, scale, {}, prices);
  }
};

}  // namespace omnirouter::assignment::test
