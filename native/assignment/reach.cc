#include "assignment/reach.h"

#include <algorithm>
#include <cmath>

#include "assignment/certificate.h"
#include "assignment/price_climb.h"
#include "assignment/recovery.h"
#include "assignment/sampled_prices.h"

namespace omnirouter::assignment {

namespace {

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
  // A plan may use the tolerance of every other limit, worth its price, and sums round.
  double dual = certificate.dual - 1e-12 * std::abs(certificate.dual);
  for (size_t m = 0; m < result.prices.size(); ++m)
    dual -= result.prices[m] * (tolerance(reach.limits[m]) + 1e-12 * std::abs(reach.limits[m].bound));
  result.found = certificate.holds;
  result.value = limit.sign() * certificate.objective;
  result.bound = limit.sign() * (best.exhausted && certificate.holds ? certificate.objective : dual);
  result.dual = limit.sign() * dual;
  result.choice = std::move(best.choice);
  result.evaluations = best.evaluations;
  return result;
}

bool sampleReach(const Problem& problem, const Limit& limit, uint64_t seed, const compute::CancelFlag& cancel,
                 const std::function<bool(std::span<const double>)>& doTheyDo) {
  const Problem reach = reachProblem(problem, limit);
  const Terms terms(reach);
  PriceSearch search;
  PriceClimb climb(reach, terms, cancel, PriceBox::kDivergence, search);
  if (climb.small() || reach.limits.empty()) return false;
  SampledPrices sampled(climb, seed);
  const RowSet set = openRows(reach, sampled.sample());
  search.choice.assign(reach.rows, 0);
  search.scale = measureScale(reach, terms, set);
  climb.everywhere = PriceBox::all(search.scale);
  climb.start(nullptr);
  sampled.findNeighbourhood(set);
  sampled.cool(set);
  const auto offer = [&](const Eigen::VectorXd& prices) {
    return doTheyDo({prices.data(), static_cast<size_t>(prices.size())});
  };
  if (climb.strayed() || cancel.timeIsUp()) return false;
  if (sampled.tied()) return offer(sampled.coldestPrices());
  if (offer(search.prices)) return true;
  climb.firstSample = false;
  sampled.correct();
  return !climb.strayed() && !cancel.timeIsUp() && offer(search.prices);
}

}  // namespace omnirouter::assignment
