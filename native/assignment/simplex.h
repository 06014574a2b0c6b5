// The dual function's greatest value, found exactly: for batches of at most some thousand rows.
//
// The relaxation is a linear program with one row "sum_j x_ij = 1" per query and K coupling rows, the limits. Generalised
// upper bounding (Dantzig and Van Slyke, 1967) keeps a basis of K columns whatever the number of queries: every query
// has a key model, and what is beside the keys is K *pins*, each an equation that the prices y obey:
//
//     of a model:  r[i, j](y) = r[i, key(i)](y)     the query is split between the two
//     of a limit:  y_l = value                      0 where it has slack, or where it was when the search began
//
// From any y >= 0 a dual simplex ascends: the pin whose weight (how much of the query, how much slack) is most negative
// for its length is let go (simplex_basis.h), y moves where the others still hold, and takes as far as D rises
// (long_step.h).
//
// Larger batches begin with a sample, a quarter of a quarter of their rows: the first steps, which move whole models' rows,
// are made where they cost little, and go no further than the sample can tell.
//
// Costs are perturbed by 1e-9 of the objective's spread, which rules out cycling among ties; the prices returned are of the
// final basis and the costs as they are.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "assignment/long_step.h"
#include "assignment/newton.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

class Simplex {
 public:
  enum class Outcome {
    optimal,
    unbounded,  // `prices` lie far out on a dual ray: no plan meets the limits
    stopped,    // too many steps, or time is up: `prices` bound the optimum all the same
  };

  static bool suits(const Problem& problem);

  // From prices[l] >= 0, one per limit; leaves there what it found.
  Outcome maximise(const Problem& problem, const Terms& terms, const Scale& scale, const compute::CancelFlag& cancel,
                   Eigen::VectorXd& prices);

  int steps() const { return steps_; }
  // Per row, the model of most weight.
  void roundTo(uint8_t* choice) const { basis_.roundTo(choice); }

 private:
  Outcome ascend(double enough, const compute::CancelFlag& cancel);

  ScaledBatch batch_;
  SimplexBasis basis_;
  LongStep step_;
  std::vector<double> y_;  // in natural units
  int steps_ = 0;
};

}  // namespace omnirouter::assignment
