#include "assignment/sampled_prices.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <optional>

#include "assignment/box_region.h"
#include "assignment/row_classes.h"
#include "assignment/screening.h"

namespace omnirouter::assignment {

namespace {

// Rows of the first sample for every limit there is a price of.
constexpr size_t kRowsPerLimit = 64, kLeastSample = 1024, kMostSample = 4096;
// How much a limit of an infeasible sample gives: this, over the root of its rows, is below what sampling gets wrong.
constexpr double kElasticity = 0.1;
// Temperatures above this one, in units of the objective, are passed on so many rows, where the sample has more than the
// second number.
constexpr double kHot = 0.1;
constexpr size_t kHotRows = 256, kWorthHotRows = 4 * kHotRows;
// Where moves still matter at this temperature, in units of the objective, ties are massive; and where the standard
// deviations fall below this share of the warmer level's, they set in.
constexpr double kColdest = 1e-4;
constexpr double kFalling = 0.35;
// Rows within so many tau of a tie, of kinds so many times fewer, are a sign of ties.
constexpr double kNearTie = 2.0, kAlike = 1.25;
// Stage 2: how many rows there are to one of its samples, a small one of whole rows and one of which only the open rows
// are walked; and how many times larger than the first sample that is at least.
constexpr size_t kFewShare = 256, kMoreShare = 16, kMore = 8;
// A region that prices leave is made so many times wider, so often in all.
constexpr double kWidening = 2.5;
constexpr int kMostWidened = 3;
constexpr int kMaxPasses = 8;
// So few open rows take no longer than a larger sample, or than a pass over all, to make them fewer.
constexpr double kVeryFewOpen = 0.04, kFewOpen = 0.15;
// A pass over the rows that leaves no smaller share of what was open does not pay: the sample has told all it can. Where
// more are open than the second says, so often may happen by chance.
constexpr double kPays = 0.6, kManyOpen = 0.5;
constexpr int kMostStalled = 2;
// With the whole's sums a sample seldom strays where limits can hold together. After so often, whether they can is better
// asked first (solver.cc): prices would be followed a long way, and all rows be walked again and again.
constexpr int kMostStrayed = 2;
// A direction in which the dual bends so much less than where it bends most is one that no row resists.
constexpr double kNoResistance = 1e-9;
// Radius of the trust region in standard deviations of a pair of models: generous, as these are a sample's guess too, and
// of a pair that few of its rows are near a tie of, no good one.
constexpr double kRadius = 5;
// What a sample of few rows that change their model cannot tell of some price: this share of the usual deviation is added.
constexpr double kUnseen = 0.5;
// How much wider than others the region of tied rows is.
constexpr double kTiedWidening = 2.5;

double elasticityOf(size_t rows) { return kElasticity / std::sqrt(static_cast<double>(rows)); }

}  // namespace

SampledPrices::SampledPrices(PriceClimb& climb, uint64_t seed) : at_(climb), seed_(seed) {}

size_t SampledPrices::size() const {
  if (at_.small()) return at_.problem.rows;
  return std::clamp(kRowsPerLimit * at_.problem.limits.size(), kLeastSample, kMostSample);
}

void SampledPrices::findNeighbourhood(const RowSet& set) {
  if (at_.warm || set.size() < kWorthHotRows) return;
  const RowSet few = openRows(at_.problem, RowSample(at_.problem.rows, kHotRows, seed_ + 1));
  at_.search.scale.elasticity = elasticityOf(kHotRows);
  for (; at_.tauUnits() > kHot && !at_.strayed() && !at_.cancel.mustEnd(); at_.tau /= kCooling)
    at_.climb(few, at_.everywhere);
  at_.search.scale.elasticity = 0;
  if (at_.strayed() && !at_.conflict) at_.start(nullptr);
}

void SampledPrices::cool(const RowSet& set) {
  const double tau = at_.tau;
  const Eigen::VectorXd from = at_.search.prices;
  coolOnce(set);
  if (!at_.strayed() || at_.conflict || at_.provesConflict() || at_.cancel.mustEnd()) return;
  // A sample can be infeasible where the whole is not (a tight budget of a small tenant).
  at_.start(nullptr);
  at_.search.prices = from;
  at_.tau = tau;
  at_.search.scale.elasticity = elasticityOf(set.size());
  coolOnce(set);
  at_.search.scale.elasticity = 0;
}

void SampledPrices::coolOnce(const RowSet& set) {
  at_.climbFirst(set, at_.everywhere, Spread::betweenRows);
  std::optional<Level> widest;
  double last = 0;
  for (;;) {
    measureError(at_.point.spread, set.size());
    if (at_.strayed() || at_.cancel.mustEnd()) return;
    const Eigen::VectorXd sd = deviations();
    if (at_.tauUnits() < kColdest) break;
    if (!widest || sd.sum() >= kFalling * last)
      widest = Level{at_.tau, sd.sum(), at_.search.prices, covariance_, at_.point};
    last = sd.sum();
    at_.tau /= kCooling;
    const Eigen::VectorXd move = at_.climb(set, at_.everywhere, Spread::betweenRows);
    at_.bias = move / (kCooling - 1);
    if ((move.array().abs() > 1.5 * sd.array() + 1e-6).any()) continue;
    tied_ = tiesIn(set);
    measureError(at_.point.spread, set.size());
    coldest_ = {at_.tau, at_.search.prices};
    if (!tied_ || deviations().sum() >= kFalling * last) return;
    break;
  }
  tied_ = true;
  coldest_ = {at_.tau, at_.search.prices};
  // Ties en masse: as long as tau falls, so do the moves, and with them the covariance, which speaks of prices that
  // move a little and not of those that would fall into place elsewhere. What sampling can get wrong shows where the
  // covariance is greatest.
  at_.tau = widest->tau;
  at_.bias = at_.inUnits(at_.search.prices - widest->prices);
  at_.search.prices = widest->prices;
  covariance_ = widest->covariance;
  at_.point = widest->point;
}

// Whether the rows near a tie at the present prices are of few kinds. No two are alike where values are continuous.
bool SampledPrices::tiesIn(const RowSet& set) const {
  const BoxRegion near(at_.problem, at_.terms, at_.search.prices, kNearTie * at_.tauUnits() * at_.unit());
  const RowSet open = narrow(at_.problem, at_.terms, set, near, at_.search.choice.data(), at_.cancel);
  return kAlike * static_cast<double>(classesOf(at_.problem, at_.terms, open, at_.cancel).size()) <
         static_cast<double>(open.size());
}

void SampledPrices::correct() {
  const size_t rows = at_.problem.rows;
  const RowSample few(rows, std::max(size(), rows / kFewShare), seed_ + 2);
  const RowSample more(rows, std::max(kMore * size(), rows / kMoreShare), seed_ + 3);
  double open = 1;
  int stalled = 0;
  strayed_ = 0;
  // Whether more than so many are still open; not if it is over. A sample that strayed cannot say.
  const auto goesOn = [&](bool steady, double enough) {
    if (at_.search.diverged || at_.cancel.mustEnd()) return false;
    open = steady ? shareOpen(few) : 1;
    return open > enough;
  };
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const Known whole{at_.search.prices, leastSums(at_.problem, at_.search.prices, at_.cancel)};
    const double before = open;
    if (open >= kManyOpen && !goesOn(correctBy(whole, few), more.everyRow() ? kFewOpen : kVeryFewOpen)) return;
    if (open < kManyOpen && !more.everyRow() && !goesOn(correctByOpen(whole, more), kFewOpen)) return;
    if (open > kPays * before && (open < kManyOpen || ++stalled == kMostStalled)) return;
  }
}

double SampledPrices::shareOpen(const RowSample& sample) const {
  const RowSet open =
      screen(at_.problem, expected(firstWidening()), at_.search.scale.objective, sample, nullptr, at_.cancel);
  return static_cast<double>(open.size()) / static_cast<double>(sample.size());
}

bool SampledPrices::correctBy(const Known& whole, const RowSample& sample) {
  RowSet set = openRows(at_.problem, sample);
  return correctBy(ControlVariate(at_.problem, at_.terms, whole, sample.size(), set), set);
}

// The same by the rows that may change their model on the way to where prices are expected. Where they want to leave that
// region, it was too narrow.
bool SampledPrices::correctByOpen(const Known& whole, const RowSample& sample) {
  double widen = firstWidening();
  for (int attempt = 0; attempt < kMostWidened; ++attempt, widen *= kWidening) {
    const TrustRegion region = expected(widen);
    RowSet set = screenChanges(at_.problem, region, at_.search.scale.objective, sample, whole.prices, at_.cancel);
    if (!correctBy(ControlVariate(at_.problem, at_.terms, whole, sample.size(), set), set)) return false;
    if (region.contains(at_.search.prices) || at_.cancel.mustEnd()) break;
  }
  return true;
}

// False if the sample strayed, and had to be given some slack.
bool SampledPrices::correctBy(const ControlVariate& control, const RowSet& set) {
  const double tau = at_.tau;
  const Eigen::VectorXd from = at_.search.prices;
  coolCorrected(control, set);
  if (!at_.strayed() || at_.conflict || at_.provesConflict() || at_.cancel.mustEnd()) return true;
  at_.search.diverged = ++strayed_ == kMostStrayed && at_.givesUpEarly();
  if (at_.search.diverged) return false;
  at_.search.prices = from;
  at_.tau = tau;
  at_.search.scale.elasticity = elasticityOf(control.rows());
  coolCorrected(control, set);
  at_.search.scale.elasticity = 0;
  return false;
}

// Softmin weights differ from what is best at the prices the sums are of, and the more so the hotter.
void SampledPrices::coolCorrected(const ControlVariate& control, const RowSet& set) {
  const double coldest = static_cast<double>(at_.unit().size()) / static_cast<double>(control.rows());
  at_.climb(set, at_.everywhere);
  while (!at_.strayed() && !at_.cancel.mustEnd() && at_.tauUnits() > coldest) {
    at_.tau /= kCooling;
    at_.bias = at_.climb(set, at_.everywhere) / (kCooling - 1);
  }
  measureError(control.spread(at_.problem, at_.terms, set, at_.search.prices, at_.tau), control.rows());
}

// Covariance of the prices' error from the spread between rows, of which a sample has so many (the delta method).
// Limits that are clearly slack keep price 0 and take no part.
void SampledPrices::measureError(const Eigen::MatrixXd& spread, size_t rows) {
  const auto total = static_cast<double>(at_.problem.rows), n = static_cast<double>(rows);
  const Eigen::MatrixXd ofSums = total * total / n * (1 - n / total) * spread;
  std::vector<Eigen::Index> moving;
  for (Eigen::Index l = 0; l < at_.unit().size(); ++l)
    if (at_.search.prices[l] > 0 || at_.point.gradient[l] > -5 * std::sqrt(std::max(0.0, ofSums(l, l))))
      moving.push_back(l);
  covariance_ = Eigen::MatrixXd::Zero(at_.unit().size(), at_.unit().size());
  if (moving.empty()) return;
  const Eigen::VectorXd u = at_.unit()(moving);
  const Eigen::MatrixXd h = u.asDiagonal() * at_.point.curvature(moving, moving) * u.asDiagonal();
  const Eigen::MatrixXd s = u.asDiagonal() * ofSums(moving, moving) * u.asDiagonal();
  // Directions no row resists (a common shift of all capacity prices) have no error that matters to a row: the
  // inverse is taken without them.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(h);
  const Eigen::VectorXd& values = eigen.eigenvalues();
  const double least = kNoResistance * values[values.size() - 1];
  const Eigen::VectorXd inverses = values.unaryExpr([least](double value) { return value > least ? 1 / value : 0.0; });
  const Eigen::MatrixXd inverse = eigen.eigenvectors() * inverses.asDiagonal() * eigen.eigenvectors().transpose();
  const Eigen::MatrixXd c = inverse * s * inverse;
  covariance_(moving, moving) = u.asDiagonal() * (0.5 * (c + c.transpose())) * u.asDiagonal();
}

Eigen::VectorXd SampledPrices::deviations() const {
  return at_.inUnits(covariance_.diagonal().cwiseMax(0.0).cwiseSqrt());
}

// Of the prices that can be wrong at all.
double SampledPrices::medianDeviation() const {
  const Eigen::VectorXd all = deviations();
  std::vector<double> some;
  for (const double sd : all)
    if (sd > 0) some.push_back(sd);
  if (some.empty()) return 0;
  const auto middle = some.begin() + static_cast<ptrdiff_t>(some.size() / 2);
  std::nth_element(some.begin(), middle, some.end());
  return *middle;
}

double SampledPrices::firstWidening() const { return tied_ ? kTiedWidening : 1.0; }

Eigen::VectorXd SampledPrices::reachFloor(double widen) const {
  const double usual = kUnseen * medianDeviation();
  return (at_.unit().array() * (at_.bias.array().abs() + 0.02 * at_.tauUnits() + usual) * widen).matrix();
}

TrustRegion SampledPrices::expected(double widen) const {
  return {at_.problem, at_.terms, at_.search.prices, covariance_, kRadius * widen, reachFloor(widen)};
}

PriceBox SampledPrices::boxOf(const TrustRegion& region, double widen) const {
  const Eigen::VectorXd sd = covariance_.diagonal().cwiseMax(0.0).cwiseSqrt();
  return at_.everywhere.around(region.center(), kRadius * widen * sd + reachFloor(widen));
}

}  // namespace omnirouter::assignment
