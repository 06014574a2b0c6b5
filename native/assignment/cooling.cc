#include "assignment/cooling.h"

#include <algorithm>
#include <cmath>

#include "assignment/box_region.h"
#include "assignment/row_classes.h"
#include "assignment/screening.h"

namespace omnirouter::assignment {

namespace {

// Newton's accuracy at the end, in tau, where many rows may be tied and the softmin weights say how many of them each
// model gets.
constexpr double kFinalPrecision = 1e-5, kSmallFinalPrecision = 1e-2;
constexpr double kWarming = 2.0;
// So often in all: where no temperature helps, prices are followed as they come.
constexpr int kMostWarmed = 8;
constexpr int kMaxLevels = 80;
constexpr double kColdest = 1e-9;
// Nor is less smoothing of use than this share of what one row has at stake: plans differ by whole rows.
constexpr double kRowShare = 2.5e-3;
constexpr double kLargestShare = 1e-2;
// How far a level's box reaches: so many times what cooling is expected to move a price by, and so many tau.
constexpr double kReach = 2.0, kReachTau = 2.0;
// ... and at first, of the Newton step that makes good what sampling got wrong.
constexpr double kStepError = 0.3;
// The half width of a level's box, as a share of the last one's width, up to which rows are looked at again.
constexpr double kNarrower = 0.2;
// Classes of rows are worth a search of their own if there are so many times fewer.
constexpr double kClassed = 2;
// Where narrowing leaves a larger share of the rows open at a temperature below this one, in units of the objective, they
// may be tied.
constexpr double kLingers = 0.5, kCold = 0.01;
// The rows that a plan from the classes' prices may have to move, in tau.
constexpr double kTiedReach = 30;
// So many rows of a set are looked at for two that are alike; and of one so many times larger, whether narrowing it would
// leave a smaller share open than the last.
constexpr size_t kProbe = 1024, kProbes = 8;
constexpr double kWorthNarrowing = 0.8;

// A few rows of a set, evenly spaced.
RowSet probeOf(const RowSet& set, const Problem& problem) {
  RowSet few(set.quantities(), problem.limits.size());
  const size_t stride = std::max<size_t>(1, set.size() / kProbe);
  for (size_t i = 0; i < set.size(); i += stride) few.add(set[i]);
  return few;
}

double shareOf(const RowSet& part, const RowSet& whole) {
  return static_cast<double>(part.size()) / std::max(1.0, static_cast<double>(whole.size()));
}

}  // namespace

void Cooling::begin(RowSet widest, const PriceBox& box) {
  at_.search.levels.clear();
  boxes_.clear();
  firstByKinds_ = false;
  push(std::move(widest), box);
  aggregate();
}

void Cooling::push(RowSet set, const PriceBox& box) {
  at_.search.levels.push_back(std::move(set));
  boxes_.push_back(box);
}

double Cooling::narrowTo(const Eigen::VectorXd& reach) {
  const PriceBox& last = boxes_.back();
  if ((at_.inUnits(reach).array() > kNarrower * at_.inUnits(last.high - last.low).array()).all()) return 1;
  const BoxRegion region(at_.problem, at_.terms, at_.search.prices, reach);
  const auto open = [&](const RowSet& set) {
    return narrow(at_.problem, at_.terms, set, region, at_.search.choice.data(), at_.cancel);
  };
  if (rows().size() >= kProbes * kProbe) {
    const RowSet few = probeOf(rows(), at_.problem);
    const double expected = shareOf(open(few), few);
    if (expected > kWorthNarrowing) return expected;
  }
  RowSet left = open(rows());
  const double stay = shareOf(left, rows());
  push(std::move(left), last.around(at_.search.prices, reach));
  return stay;
}

// Whether rows are likely to be of few kinds. If n rows are of n / k, then of m rows picked, m^2 k / (2 n) pairs are alike
// on average, and more where some kinds are met more often than others (Cauchy and Schwarz).
bool Cooling::mayBeFewKinds(const RowSet& set) const {
  const RowSet few = probeOf(set, at_.problem);
  if (few.size() < kProbe) return true;
  const auto n = static_cast<double>(set.size()), m = static_cast<double>(few.size());
  const auto kinds = static_cast<double>(classesOf(at_.problem, at_.terms, few, at_.cancel).size());
  return 2 * n * (m - kinds) >= m * m * kClassed;
}

// Takes the last level's rows by their kinds, if these are few and there are signs of it. The rows of the first level stay
// beneath.
void Cooling::aggregate() {
  const RowSet& set = rows();
  if (!(tied_ || lingering_) || set.counted() || (!tied_ && !mayBeFewKinds(set))) return;
  if (!at_.cancel.affords(classingWork(at_.problem, set.candidates()))) return;
  RowSet classes = classesOf(at_.problem, at_.terms, set, at_.cancel);
  if (kClassed * static_cast<double>(classes.size()) > static_cast<double>(set.size())) return;
  if (at_.search.levels.size() > 1) {
    rows() = std::move(classes);
    return;
  }
  push(std::move(classes), PriceBox(boxes_.back()));
  firstByKinds_ = true;
}

// A plan is made of rows, not of kinds of them: those that it may have to move.
void Cooling::endInRows() {
  if (!rows().counted()) return;
  while (rows().counted()) pop();
  narrowTo(at_.unit() * (kTiedReach * at_.tauUnits()));
}

void Cooling::pop() {
  at_.search.levels.pop_back();
  boxes_.pop_back();
}

void Cooling::correct(const Eigen::VectorXd& unseen) {
  const Eigen::VectorXd before = at_.search.prices;
  at_.search.prices = stepOnce(at_.problem, rows(), at_.search.scale, boxes_.back(), before, at_.tau, at_.cancel);
  ++at_.search.evaluations;
  const Eigen::ArrayXd step = at_.inUnits(at_.search.prices - before).array().abs();
  const Eigen::ArrayXd reach =
      kStepError * step + kReach * (at_.bias.array().abs() + unseen.array()) + kReachTau * at_.tauUnits();
  narrowTo((at_.unit().array() * reach).matrix());
  aggregate();
}

// The next level: cooler, narrowed to what that is expected to move.
void Cooling::cool() {
  const double here = at_.tauUnits(), factor = std::min(path_.cooling(), std::max(kCooling, at_.tau / coldEnough()));
  at_.tau /= factor;
  const Eigen::VectorXd before = at_.search.prices;
  const Eigen::VectorXd ahead =
      path_.straight() ? Eigen::VectorXd(at_.bias * (1 - 1 / factor)) : Eigen::VectorXd::Zero(at_.bias.size());
  at_.search.prices =
      (before + ahead.cwiseProduct(at_.unit())).cwiseMax(boxes_.back().low).cwiseMin(boxes_.back().high);
  const double stay = narrowTo((at_.unit().array() * (kReach * at_.bias.array().abs() + kReachTau * here)).matrix());
  lingering_ = here < kCold && stay > kLingers;
  aggregate();
  at_.climb(rows(), boxes_.back());
  const Eigen::VectorXd bias = at_.inUnits(at_.search.prices - before) / (factor - 1);
  path_.follow((bias - at_.bias / factor).norm() / std::max(1e-300, bias.norm()));
  at_.bias = bias;
}

// Whether the prices stopped at a side of the last box that is not a side of everything.
bool Cooling::atEdge() const {
  const PriceBox& box = boxes_.back();
  const Eigen::VectorXd& prices = at_.search.prices;
  for (Eigen::Index l = 0; l < prices.size(); ++l)
    if ((prices[l] >= box.high[l] && box.high[l] < at_.everywhere.high[l]) ||
        (prices[l] <= box.low[l] && box.low[l] > 0))
      return true;
  return false;
}

// The temperature at which smoothing costs no more than matters for sure.
double Cooling::coldEnough() const {
  return std::max(matters() / std::max(1.0, at_.search.levels.back().rows()), kColdest * at_.search.scale.objective);
}

// A small part of the gap allowed, or of what one row has at stake.
double Cooling::matters() const {
  const double value = std::abs(at_.point.value);
  // Where the objective is next to nothing, so is what a row has at stake.
  const double stake = std::min(2 * kRowShare * at_.search.scale.objective, kLargestShare * value);
  return std::max(0.1 * gapTolerance_ * value, stake);
}

bool Cooling::coolToTheEnd(const TrustRegion* region) {
  const Eigen::VectorXd move = at_.climbFirst(rows(), boxes_.back());
  if (at_.bias.isZero()) at_.bias = move;
  int warmed = 0;
  for (int level = 0; level < kMaxLevels && !at_.search.diverged && !at_.cancel.mustEnd(); ++level) {
    if (atEdge()) {
      path_.stray();
      // The optimum lies outside: the wider level's rows are needed again, at this tau.
      if (at_.search.levels.size() == (firstByKinds_ ? 2 : 1)) return false;
      pop();
      at_.climb(rows(), boxes_.back());
      continue;
    }
    if (!at_.converged && warmed < kMostWarmed) {
      // Too cold for a start this far off.
      ++warmed;
      path_.stray();
      at_.tau *= kWarming;
      at_.climb(rows(), boxes_.back());
      continue;
    }
    if (at_.tau <= coldEnough()) break;
    if (region && !region->contains(at_.search.prices)) return false;
    // Cooling moves the prices in proportion to tau, about as it did before.
    cool();
  }
  at_.climb(rows(), boxes_.back(), Spread::none, at_.small() ? kSmallFinalPrecision : kFinalPrecision);
  endInRows();
  return true;
}

}  // namespace omnirouter::assignment
