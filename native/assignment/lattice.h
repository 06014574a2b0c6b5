// Limits rounded to what their sums can be. Values that are all multiples of some 2^-k (grades on a scale of sixteenths,
// whole tokens, requests) have sums that are multiples too: a floor of 100.3 sixteenths is one of 101. Every plan is as
// good or bad as before, but the relaxation can no longer be paid for the fraction (a Chvatal-Gomory cut of one
// constraint), which in a small batch is most of the gap.
#pragma once

#include "assignment/problem.h"

namespace omnirouter::assignment {

// The problem with the bounds of its limits on their lattices, where they have one that is coarser than the tolerance of
// the limit (problem.h). Of a widened problem. At most one read of the matrices that are limited.
void onLattice(const Problem& problem, Problem& rounded);

// Whether all that the objective weighs has a lattice: plans of other rows' models may then cost the same.
bool objectiveHasLattice(const Problem& problem);
inline Problem onLattice(const Problem& problem) {
  Problem rounded;
  onLattice(problem, rounded);
  return rounded;
}

}  // namespace omnirouter::assignment
