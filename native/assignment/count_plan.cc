#include "assignment/count_plan.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "assignment/certificate.h"
#include "assignment/cheapest_counts.h"
#include "assignment/choose.h"
#include "assignment/deal_rows.h"
#include "assignment/left_out.h"
#include "assignment/row_kinds.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSample = 2048;

class CountPlanner {
 public:
  CountPlanner(const Problem& problem, const Options& options, const compute::CancelFlag& cancel)
      : problem_(problem), options_(options), cancel_(cancel), core_(problem) {}

  std::optional<CountPlan> run() {
    const RowSample sample(problem_.rows, kSample, options_.seed);
    if (!findUniform(sample)) return {};
    std::vector<size_t> others;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (!isUniform(problem_.limits[l])) others.push_back(l);
    // Serving these, the count of each group's rows with each model is a limit (left_out.h).
    if (!others.empty() && problem_.groupCount * problem_.models > kMaxLimits) return {};
    std::erase_if(core_.limits, [&](const Limit& limit) { return !isUniform(limit); });
    const Terms terms(core_);
    LeftOut leftOut(problem_, others, options_.seed);
    const bool deals =
        !others.empty() || (problem_.tieBreak >= 0 && problem_.groupCount * problem_.models <= kMaxLimits);
    if (deals && !leftOut.askSample(sample, core_, terms, options_, cancel_, plan_.evaluations) && !others.empty())
      return {};

    if (!holdsInAllRows()) return {};
    const std::optional<KindCounts> kindCounts = countKinds(problem_, cancel_);
    if (!kindCounts || cancel_.mustEnd()) return {};
    const RowSet kinds = rowsByKind(core_, kindCounts->kinds, kindCounts->counts);
    CheapestCounts counts = cheapestCounts(core_, terms, kinds, cancel_);
    plan_.evaluations += counts.evaluations;
    plan_.scale = counts.scale;
    if (!counts.found) return conflict(terms, kinds);
    if (cancel_.mustEnd() || !makeWhole(core_, terms, kinds, counts)) return {};
    takePrices(counts.prices);

    plan_.choice = dealRows(problem_, *kindCounts, kinds, counts.amount, leftOut, cancel_);
    const Certificate dealt = leftOut.certifyServed(kinds, counts.amount, plan_.choice, cancel_);
    if (holds(dealt)) return std::move(plan_);
    if (cancel_.mustEnd()) return {};
    std::optional<Reach> served = leftOut.serveOnly(dealt, kinds, *kindCounts, counts.amount, options_, cancel_);
    if (!served) return {};
    plan_.evaluations += served->evaluations;
    plan_.choice = std::move(served->choice);
    if (!certify(problem_, prices(), plan_.choice.data(), cancel_).holds) return {};
    return std::move(plan_);
  }

 private:
  bool isUniform(const Limit& limit) const {
    return limit.quantity == kRequests || uniform_[static_cast<size_t>(limit.quantity)];
  }

  bool isLikeFirst(size_t quantity, size_t row) const {
    return std::memcmp(problem_.row(quantity, row), problem_.row(quantity, 0), problem_.models * sizeof(float)) == 0;
  }

  // Which quantities are the same in all rows of the sample; whether all that the objective weighs are.
  bool findUniform(const RowSample& sample) {
    uniform_.assign(problem_.quantities.size(), true);
    for (size_t b = 0; b < sample.blocks(); ++b)
      for (size_t i = sample[b].begin; i < sample[b].end; ++i)
        for (size_t k = 0; k < uniform_.size(); ++k) {
          uniform_[k] = uniform_[k] && isLikeFirst(k, i);
          if (!uniform_[k] && problem_.objective[k] != 0) return false;
        }
    return true;
  }

  // Whether what the counts depend on is the same in all rows, as it is in the sample's.
  bool holdsInAllRows() const {
    std::vector<size_t> weighed;
    for (size_t k = 0; k < uniform_.size(); ++k)
      if (uniform_[k] && matters(k)) weighed.push_back(k);
    const compute::Chunks slices = slicesOf(problem_);
    std::atomic<bool> alike = true;
    compute::Pool::shared().forEachChunk(slices.count(), [&](size_t slice) {
      cancel_.throwIfRaised();
      const compute::Range rows = slices[slice];
      for (const size_t k : weighed)
        for (size_t i = rows.begin; i < rows.end; ++i)
          if (!isLikeFirst(k, i)) {
            alike.store(false, std::memory_order_relaxed);
            return;
          }
    });
    return alike;
  }

  bool matters(size_t quantity) const {
    return problem_.objective[quantity] != 0 ||
           std::any_of(core_.limits.begin(), core_.limits.end(),
                       [&](const Limit& limit) { return limit.quantity == static_cast<int>(quantity); });
  }

  std::optional<CountPlan> conflict(const Terms& terms, const RowSet& kinds) {
    const CountConflict found = conflictOfCounts(core_, terms, kinds, cancel_);
    plan_.evaluations += found.evaluations;
    takePrices(found.prices);
    if (!(rayValue(problem_, prices(), cancel_) > 0)) return {};
    plan_.conflict = true;
    plan_.choice.resize(problem_.rows);
    chooseLeast(problem_, prices(), plan_.choice.data(), cancel_);
    return std::move(plan_);
  }

  // Those of the limits left out are 0.
  void takePrices(const Eigen::VectorXd& core) {
    plan_.prices = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem_.limits.size()));
    Eigen::Index at = 0;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (isUniform(problem_.limits[l])) plan_.prices[static_cast<Eigen::Index>(l)] = core[at++];
  }

  std::span<const double> prices() const { return {plan_.prices.data(), static_cast<size_t>(plan_.prices.size())}; }

  bool holds(const Certificate& certificate) const {
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (certificate.slack[l] < -rounding(problem_.limits[l])) return false;
    return true;
  }

  const Problem& problem_;
  const Options& options_;
  const compute::CancelFlag& cancel_;
  Problem core_;               // the problem without the limits on what differs between rows
  std::vector<char> uniform_;  // per quantity, whether it is the same in all rows
  CountPlan plan_;
};

}  // namespace

std::optional<CountPlan> planByCounts(const Problem& problem, const Options& options,
                                      const compute::CancelFlag& cancel) {
  return CountPlanner(problem, options, cancel).run();
}

}  // namespace omnirouter::assignment
