#include "assignment/reach.h"

#include <algorithm>
#include <cmath>

#include "assignment/certificate.h"
#include "assignment/price_climb.h"

namespace omnirouter::assignment {

namespace {

// The sample that is asked how far a limit can go, and the temperatures from which on its prices say so roughly, and as
// well as they can.
constexpr size_t kSampleRows = 1024;
constexpr double kCold = 0.01, kColdest = 1e-4;

Problem reachProblem(const Problem& problem, const Limit& limit) {
  Problem reach = problem;
  std::fill(reach.objective.begin(), reach.objective.end(), 0.0);
  reach.objective[static_cast<size_t>(limit.quantity)] = limit.sign();
  reach.objectiveGroup = limit.group;
  reach.tieBreak = -1;
  return reach;
}

}  // namespace

bool isReachable(const Limit& limit) { return limit.quantity != kRequests && limit.model == kAll; }

Reach reachLimit(const Problem& problem, const Limit& limit, const Options& options,
                 const compute::CancelFlag& cancel) {
  const Problem reach = reachProblem(problem, limit);
  const Terms terms(reach);
  Options own = options;
  own.warmStart = own.warmReach = {};
  Attempt best = attempt(reach, terms, own, cancel);

  Reach result;
  result.prices.assign(best.prices.begin(), best.prices.end());
  const Certificate certificate = certify(reach, result.prices, best.choice.data(), cancel);
  const double dual = certificate.dual + best.raise;
  result.found = certificate.holds;
  result.value = limit.sign() * certificate.objective;
  result.bound =
      limit.sign() *
      (best.exhausted && certificate.holds ? std::max(dual, certificate.objective - best.rounding) : dual);
  result.dual = limit.sign() * certificate.dual;
  result.choice = std::move(best.choice);
  result.evaluations = best.evaluations;
  return result;
}

bool sampleReach(const Problem& problem, const Limit& limit, uint64_t seed, const compute::CancelFlag& cancel,
                 const std::function<bool(std::span<const double>)>& enough) {
  const Problem reach = reachProblem(problem, limit);
  const Terms terms(reach);
  PriceSearch search;
  PriceClimb climb(reach, terms, cancel, PriceBox::kDivergence, search);
  if (climb.small() || reach.limits.empty()) return false;
  const RowSet sample = openRows(reach, RowSample(reach.rows, kSampleRows, seed));
  search.scale = measureScale(reach, terms, sample);
  climb.everywhere = PriceBox::all(search.scale);
  climb.start(nullptr);
  for (; climb.tauUnits() > kColdest; climb.tau /= kCooling) {
    climb.climb(sample, climb.everywhere);
    if (climb.strayed() || cancel.mustEnd()) return false;
    const std::span<const double> prices(search.prices.data(), reach.limits.size());
    if (climb.tauUnits() <= kCold && enough(prices)) return true;
  }
  return false;
}

}  // namespace omnirouter::assignment
