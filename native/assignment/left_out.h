// The limits that a plan by counts leaves out (count_plan.h), those on what differs between rows: how well they can be
// served by whichever rows the counts give each model.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "assignment/certificate.h"
#include "assignment/cheapest_counts.h"
#include "assignment/options.h"
#include "assignment/price_search.h"
#include "assignment/reach.h"

namespace omnirouter::assignment {

class LeftOut {
 public:
  // `limits`: which of the problem's are left out. Where none is, rows are dealt out for the tie-break.
  LeftOut(const Problem& problem, const std::vector<size_t>& limits, uint64_t seed);

  // Per quantity, what the limits would have of it, weighed alike in their natural units; less is better.
  std::span<const double> worth() const { return worth_; }
  // What a row with a model of a group costs the others, in units of worth(); 0 before askSample().
  double price(size_t group, size_t model) const {
    return prices_.empty() ? 0 : prices_[group * problem_.models + model];
  }

  // Finds the prices on a sample of rows at the cheapest counts of its own, those of `core`, the problem without what is
  // left out. Says whether all limits may be met: not if the sample misses one by more than chance. A sample in which the
  // counts cannot be had tells nothing.
  bool askSample(const RowSample& sample, const Problem& core, const Terms& coreTerms, const Options& options,
                 const compute::CancelFlag& cancel, int& evaluations);

  // The plan with the limits as stated, beside the most that those left out could be served at these counts of rows.
  Certificate certifyServed(const RowSet& kinds, std::span<const double> rows, const std::vector<uint8_t>& choice,
                            const compute::CancelFlag& cancel) const;

  // Makes the most of the one limit left out, at these counts: nothing where there are several, or where `dealt`, from
  // certifyServed(), proves that it cannot be met.
  std::optional<Reach> serveOnly(const Certificate& dealt, const RowSet& kinds, const KindCounts& counts,
                                 std::span<const double> rows, const Options& options,
                                 const compute::CancelFlag& cancel) const;

 private:
  void intoObjective(Problem& problem) const;
  double wanted() const;
  bool isHopeless(const Problem& part, const PriceSearch& search) const;

  const Problem& problem_;
  const Limit* only_ = nullptr;  // the one limit, if it is one
  std::vector<double> worth_, prices_;
};

}  // namespace omnirouter::assignment
