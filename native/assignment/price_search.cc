#include "assignment/price_search.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <optional>

#include "assignment/certificate.h"
#include "assignment/control_variate.h"
#include "assignment/row_classes.h"
#include "assignment/screening.h"
#include "assignment/tied_search.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kFirstSample = 2048;
// How much a limit of an infeasible sample gives: this, over the root of its rows, is below what sampling gets wrong.
constexpr double kElasticity = 0.1;
// Stage 2: how many rows there are to one of its sample; to one of those whose sums are taken first, if these are enough.
constexpr size_t kSampleShare = 256;
constexpr int kMaxPasses = 8;
constexpr size_t kKnownShare = 4, kFirstKnown = 65536;
// Where no more are open, a part of the rows has told all it can.
constexpr double kNearlyRight = 0.15;
// So few open rows take no longer than a pass over all to make them fewer.
constexpr double kFewOpen = 0.08;
// A pass over the rows that leaves no smaller share of what was open has stalled; so often may happen by chance.
constexpr double kPays = 0.9;
constexpr int kMostStalled = 2;
// Temperatures above this one, in units of the objective, are passed on so many rows.
constexpr double kHot = 0.1;
constexpr size_t kHotRows = 256;
constexpr double kCooling = 5.0;
// Newton's accuracy, in tau: enough to follow the prices down; and at the end, where many rows may be tied and the
// softmin weights say how many of them each model gets.
constexpr double kPrecision = 0.1;
constexpr double kFinalPrecision = 1e-5;
// Where prices of a like problem are given, the temperature to begin at.
constexpr double kWarmStart = 1.0 / 125;
// Where it is known how near they are, a temperature that is this share of it, in natural units.
constexpr double kNearTau = 0.1, kNearColdest = 1e-6;
// Prices of this many natural units are seldom those of limits that can hold together: they are looked at for a proof of
// conflict, and again once they have grown by as much as says the second.
constexpr double kSuspect = 100.0;
constexpr double kMoreSuspect = 4.0;
// ... and at last.
constexpr double kDiverged = 0.99 * PriceBox::kDivergence;
// ... of batches no larger than the first sample, whose plans depend on single rows more than on the prices' last digits.
constexpr double kSmallPrecision = 0.5;
constexpr double kSmallFinalPrecision = 1e-2;
constexpr double kWarming = 2.0;
// Classes of rows are worth a search of their own if there are so many times fewer.
constexpr size_t kClassed = 2;
// Where a level below this temperature, in units of the objective, has not so many times fewer rows than the last, they may
// be tied.
constexpr double kCold = 0.01;
constexpr size_t kLingering = 2;
// Kinds so many times fewer than the rows of a small sample are a sign of ties.
constexpr double kAlike = 1.25;
// The rows that a plan from the classes' prices may have to move, in tau.
constexpr double kTiedReach = 30;
// How far from a tied sample's prices its best are looked for, in tau.
constexpr double kTiedStart = 20;
constexpr int kMaxLevels = 80;
constexpr double kColdest = 1e-9;
// Nor is less smoothing of use than this share of what one row has at stake: plans differ by whole rows.
constexpr double kRowShare = 2.5e-3;
constexpr double kLargestShare = 1e-2;
// Where moves still matter at this temperature of the sample, in units of the objective, ties are massive; and where the
// standard deviations fall below this share of the warmer level's, they set in.
constexpr double kSampleColdest = 1e-4;
constexpr double kFalling = 0.35;
// A direction in which the dual bends so much less than where it bends most is one that no row resists.
constexpr double kNoResistance = 1e-9;
// How far a level's box reaches: so many times what cooling is expected to move a price by, and so many tau.
constexpr double kReach = 2.0, kReachTau = 2.0;
// ... and at first, of the Newton step that makes good what sampling got wrong.
constexpr double kStepError = 0.3;
// Radius of the trust region in standard deviations of a pair of models: exp(-4.5^2/2) = 4e-5 per pair.
constexpr double kRadius = 4.5;
// What a sample of few rows that change their model cannot tell of some price: this share of the usual deviation is added.
constexpr double kUnseen = 1.0;
// A region left is tried again around where that led, then this much wider; so often.
constexpr double kWidening = 2.5;
constexpr int kAttempts = 6;
// The half width of a level's box, as a share of the last one's width, up to which rows are looked at again.
constexpr double kNarrower = 0.2;

// How the prices follow the temperature. Where many rows are tied, the optimum of the smoothed dual runs straight to
// that of D as tau falls, y(tau) = y(0) + tau z: then the next point is known, and tau may fall further at once.
class Path {
 public:
  bool straight() const { return straight_; }
  double cooling() const { return cooling_; }

  // `deviation` of the last move from a straight one, relative to it.
  void follow(double deviation) {
    straight_ = deviation < kStraight;
    cooling_ = straight_ ? kCooling * kCooling : kCooling;
  }
  void stray() { *this = {}; }

 private:
  static constexpr double kStraight = 0.2;
  bool straight_ = false;
  double cooling_ = kCooling;
};

class Searcher {
 public:
  Searcher(const Problem& problem, const Terms& terms, double gapTolerance, uint64_t seed,
           const compute::CancelFlag& cancel, double highest)
      : problem_(problem),
        terms_(terms),
        gapTolerance_(gapTolerance),
        seed_(seed),
        cancel_(cancel),
        highest_(0.99 * highest) {}

  PriceSearch run(const WarmStart* warmStart) {
    search_.choice.assign(problem_.rows, 0);
    RowSample sample(problem_.rows, kFirstSample, seed_);
    RowSet set = openRows(problem_, sample);
    search_.scale = measureScale(problem_, terms_, set);
    everywhere_ = PriceBox::all(search_.scale);
    start(warmStart ? &warmStart->prices : nullptr);
    if (problem_.limits.empty()) {
      search_.levels.push_back(finalRows());
      return std::move(search_);
    }
    const bool near = warmStart && warmStart->reach.size() > 0 && !sample.everyRow() && searchNear(warmStart->reach);
    if (!near) searchFromSample(std::move(set), sample);
    if (conflict_ || search_.levels.empty()) search_.levels.assign(1, finalRows());
    search_.tau = tau_;
    return std::move(search_);
  }

 private:
  // Stages 1 to 4.
  void searchFromSample(RowSet set, RowSample sample) {
    if (!warm_ && set.size() >= 4 * kHotRows) findNeighbourhood();
    if (sample.everyRow()) {
      beginLevels(std::move(set), everywhere_);
      coolToTheEnd();
      return;
    }
    const double tau = tau_;
    const Eigen::VectorXd from = search_.prices;
    coolSample(set, sample.size());
    if (strayed() && !conflict_ && !provesConflict() && !cancel_.timeIsUp()) {
      // A sample can be infeasible where the whole is not (a tight budget of a small tenant).
      start(nullptr);
      search_.prices = from;
      tau_ = tau;
      search_.scale.elasticity = elasticityOf(sample.size());
      coolSample(set, sample.size());
      search_.scale.elasticity = 0;
    }
    if (search_.diverged) return;
    if (tied_ && searchByKinds(sample)) return;
    firstSample_ = false;
    correctSample();
    if (!search_.diverged) screenAll();
  }

  // Whether the last climb's end says nothing of where the best prices are.
  bool strayed() const {
    return search_.diverged || !converged_ || search_.prices.cwiseQuotient(unit()).maxCoeff() > kSuspect;
  }
  static double elasticityOf(size_t rows) { return kElasticity / std::sqrt(static_cast<double>(rows)); }

  const Eigen::VectorXd& unit() const { return search_.scale.price; }
  bool small() const { return problem_.rows <= kFirstSample; }
  double tauUnits() const { return tau_ / search_.scale.objective; }

  // Whether the direction in which the prices went off is a dual ray of the whole problem (certificate.h).
  bool provesConflict() const {
    const Eigen::VectorXd ray = search_.prices / search_.prices.maxCoeff();
    double magnitude = 0;
    return rayValue(problem_, {ray.data(), static_cast<size_t>(ray.size())}, magnitude, cancel_) > 1e-9 * magnitude;
  }

  // Every row at its best model: where there are no limits, or the search ended in a proof.
  RowSet finalRows() {
    RowSet none(problem_.quantities.size(), problem_.limits.size());
    none.decided = leastSums(problem_, search_.prices, RowSample::all(problem_.rows), cancel_, search_.choice.data());
    return none;
  }

  void start(const Eigen::VectorXd* prices) {
    search_.prices = prices ? *prices : Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem_.limits.size()));
    bias_ = Eigen::VectorXd::Zero(search_.prices.size());
    search_.diverged = false;
    converged_ = true;
    suspect_ = kSuspect;
    warm_ = prices != nullptr;
    tau_ = (warm_ ? kWarmStart : 1.0) * search_.scale.objective;
  }

  // Newton at the present tau inside the box; returns the prices' move in natural units, per limit.
  Eigen::VectorXd climb(const RowSet& set, const PriceBox& box, Spread spread = Spread::none) {
    return climb(set, box, spread, small() ? kSmallPrecision : kPrecision);
  }
  Eigen::VectorXd climb(const RowSet& set, const PriceBox& box, Spread spread, double precision) {
    const Eigen::VectorXd before = search_.prices;
    Ascent ascent = ascend(problem_, set, search_.scale, box, before, tau_, precision, spread, cancel_);
    search_.evaluations += ascent.evaluations;
    search_.prices = ascent.prices;
    lastPoint_ = std::move(ascent.point);
    converged_ = ascent.converged;
    const double highest = search_.prices.cwiseQuotient(unit()).maxCoeff();
    if (highest > suspect_ && !conflict_) {
      conflict_ = provesConflict();
      suspect_ = kMoreSuspect * highest;
    }
    if (conflict_ || highest > (firstSample_ ? kDiverged : highest_)) search_.diverged = true;
    return (search_.prices - before).cwiseQuotient(unit());
  }

  // The first climb. Prices of a like problem are mostly near enough to begin cold, which saves the cooling; where they
  // prove too far off for it, the search begins as if there were none.
  Eigen::VectorXd climbFirst(const RowSet& set, const PriceBox& box, Spread spread = Spread::none) {
    const Eigen::VectorXd move = climb(set, box, spread);
    const bool near = !warm_ || (converged_ && !search_.diverged);
    warm_ = false;
    if (near || conflict_ || cancel_.timeIsUp()) return move;
    start(nullptr);
    return climb(set, box, spread);
  }

  // Whether the prices stopped at a side of the box that is not a side of everywhere_.
  bool atEdge(const PriceBox& box) const {
    for (Eigen::Index l = 0; l < search_.prices.size(); ++l)
      if ((search_.prices[l] >= box.high[l] && box.high[l] < everywhere_.high[l]) ||
          (search_.prices[l] <= box.low[l] && box.low[l] > 0))
        return true;
    return false;
  }

  // Standard deviations of the prices, in natural units.
  Eigen::VectorXd deviations() const { return covariance_.diagonal().cwiseMax(0.0).cwiseSqrt().cwiseQuotient(unit()); }

  // From prices near which the best are expected: no sample is asked. False, and prices as before, if they lie elsewhere.
  bool searchNear(const Eigen::VectorXd& expected) {
    const Eigen::VectorXd from = search_.prices;
    const double usual = expected.cwiseQuotient(unit()).mean();
    const Eigen::VectorXd reach = expected + usual * unit();
    covariance_ = Eigen::MatrixXd::Zero(from.size(), from.size());
    tau_ = std::clamp(kNearTau * usual, kNearColdest, kWarmStart) * search_.scale.objective;
    warm_ = false;
    const TrustRegion region(problem_, terms_, from, covariance_, kRadius, reach);
    RowSet set = screen(problem_, region, search_.scale.objective, RowSample::all(problem_.rows), search_.choice.data(),
                        cancel_);
    if (coolAll(std::move(set), everywhere_.around(from, reach), region) && region.contains(search_.prices))
      return true;
    if (conflict_ || cancel_.timeIsUp()) return true;
    start(&from);
    return false;
  }

  // While it is hot, a few rows tell as well as many where to look.
  void findNeighbourhood() {
    const RowSet few = openRows(problem_, RowSample(problem_.rows, kHotRows, seed_ + 1));
    search_.scale.elasticity = elasticityOf(kHotRows);
    for (; tauUnits() > kHot && !strayed() && !cancel_.timeIsUp(); tau_ /= kCooling) climb(few, everywhere_);
    search_.scale.elasticity = 0;
    if (strayed() && !conflict_) start(nullptr);
  }

  // Stage 1.
  void coolSample(const RowSet& set, size_t rows) {
    climbFirst(set, everywhere_, Spread::betweenRows);
    std::optional<Level> widest;
    double last = 0;
    for (;;) {
      spread_ = lastPoint_.spread;
      covariance_ = errorCovariance(lastPoint_, errorOfSums(spread_, rows));
      if (strayed() || cancel_.timeIsUp()) return;
      const Eigen::VectorXd sd = deviations();
      if (tauUnits() < kSampleColdest) break;
      if (!widest || sd.sum() >= kFalling * last)
        widest = Level{tau_, sd.sum(), search_.prices, covariance_, spread_, lastPoint_};
      last = sd.sum();
      tau_ /= kCooling;
      const Eigen::VectorXd move = climb(set, everywhere_, Spread::betweenRows);
      bias_ = move / (kCooling - 1);
      bool settled = true;
      for (Eigen::Index l = 0; l < move.size(); ++l) settled &= std::abs(move[l]) <= 1.5 * sd[l] + 1e-6;
      if (!settled) continue;
      tied_ = tiesIn(set);
      spread_ = lastPoint_.spread;
      covariance_ = errorCovariance(lastPoint_, errorOfSums(spread_, rows));
      coldest_ = {tau_, search_.prices};
      if (!tied_ || deviations().sum() >= kFalling * last) return;
      break;
    }
    tied_ = true;
    coldest_ = {tau_, search_.prices};
    // Ties en masse: as long as tau falls, so do the moves, and with them the covariance, which speaks of prices that
    // move a little and not of those that would fall into place elsewhere. What sampling can get wrong shows where the
    // covariance is greatest.
    tau_ = widest->tau;
    bias_ = (search_.prices - widest->prices).cwiseQuotient(unit());
    search_.prices = widest->prices;
    covariance_ = widest->covariance;
    spread_ = widest->spread;
    lastPoint_ = widest->point;
  }

  // Whether the rows near a tie at the present prices are of few kinds. No two are alike where values are continuous.
  bool tiesIn(const RowSet& set) {
    const Eigen::VectorXd reach = kReachTau * tauUnits() * unit();
    const RowSet open = narrow(problem_, terms_, set, BoxRegion(problem_, terms_, search_.prices, reach),
                               search_.choice.data(), cancel_);
    return kAlike * static_cast<double>(classesOf(problem_, terms_, open, cancel_).size()) <
           static_cast<double>(open.size());
  }

  // All that is left to do where the kinds of rows are few (tied_search.h). False, and prices as before, if they are not.
  bool searchByKinds(const RowSample& sample) {
    if (cancel_.timeIsUp()) return false;
    const Eigen::VectorXd before = search_.prices;
    search_.prices = coldest_.prices;
    if (searchTied(problem_, terms_, sample, kTiedStart * (coldest_.tau / search_.scale.objective) * unit(), seed_,
                   search_, cancel_)) {
      tau_ = 0;
      return true;
    }
    search_.prices = before;
    return false;
  }

  // Of the sums over all rows, as a sample of so many has them: covariance, where `spread` is that between rows.
  Eigen::MatrixXd errorOfSums(const Eigen::MatrixXd& spread, size_t rows) const {
    const auto total = static_cast<double>(problem_.rows), n = static_cast<double>(rows);
    return total * total / n * (1 - n / total) * spread;
  }

  // Covariance of the prices' error, from that of the sums. Limits that are clearly slack keep price 0 and take no part.
  Eigen::MatrixXd errorCovariance(const DualPoint& point, const Eigen::MatrixXd& ofSums) const {
    std::vector<Eigen::Index> moving;
    for (Eigen::Index l = 0; l < unit().size(); ++l)
      if (search_.prices[l] > 0 || point.gradient[l] > -5 * std::sqrt(std::max(0.0, ofSums(l, l)))) moving.push_back(l);
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(unit().size(), unit().size());
    if (moving.empty()) return covariance;
    const Eigen::VectorXd u = unit()(moving);
    Eigen::MatrixXd h = u.asDiagonal() * point.curvature(moving, moving) * u.asDiagonal();
    const Eigen::MatrixXd s = u.asDiagonal() * ofSums(moving, moving) * u.asDiagonal();
    // Directions no row resists (a common shift of all capacity prices) have no error that matters to a row: the
    // inverse is taken without them.
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(h);
    const Eigen::VectorXd& values = eigen.eigenvalues();
    const double least = kNoResistance * values[values.size() - 1];
    const Eigen::VectorXd inverses =
        values.unaryExpr([least](double value) { return value > least ? 1 / value : 0.0; });
    const Eigen::MatrixXd inverse = eigen.eigenvectors() * inverses.asDiagonal() * eigen.eigenvectors().transpose();
    const Eigen::MatrixXd c = inverse * s * inverse;
    covariance(moving, moving) = u.asDiagonal() * (0.5 * (c + c.transpose())) * u.asDiagonal();
    return covariance;
  }

  // Of the prices that can be wrong at all.
  double medianDeviation() const {
    const Eigen::VectorXd all = deviations();
    std::vector<double> some;
    for (const double sd : all)
      if (sd > 0) some.push_back(sd);
    if (some.empty()) return 0;
    const auto middle = some.begin() + static_cast<ptrdiff_t>(some.size() / 2);
    std::nth_element(some.begin(), middle, some.end());
    return *middle;
  }

  // The region around the present prices in which they are expected to end, `widen` times as wide as that.
  Eigen::VectorXd reachFloor(double widen) const {
    const double usual = kUnseen * medianDeviation();
    return (unit().array() * (bias_.array().abs() + 0.02 * tauUnits() + usual) * widen).matrix();
  }
  TrustRegion expected(double widen) const {
    return {problem_, terms_, search_.prices, covariance_, kRadius * widen, reachFloor(widen)};
  }
  PriceBox boxOf(const TrustRegion& region, double widen) const {
    const Eigen::VectorXd sd = covariance_.diagonal().cwiseMax(0.0).cwiseSqrt();
    return everywhere_.around(region.center(), kRadius * widen * sd + reachFloor(widen));
  }

  // What ties hide from the covariance, a wider region makes good for.
  double firstWidening() const { return tied_ ? kWidening : 1.0; }

  // Stage 2: the sums of many more rows at the prices so far, and how they change from there by a sample; again from
  // where that leads, as long as it pays.
  void correctSample() {
    const RowSample sample(problem_.rows, std::max(kFirstSample, problem_.rows / kSampleShare), seed_ + 2);
    RowSet set = openRows(problem_, sample);
    RowSample known(problem_.rows, problem_.rows / kKnownShare, seed_ + 3);
    if (known.size() < kFirstKnown) known = RowSample::all(problem_.rows);
    double open = 1;
    int stalled = 0;
    for (int pass = 0; pass < kMaxPasses; ++pass) {
      const Sums sums = leastSums(problem_, search_.prices, known, cancel_);
      correctBy(sums, errorOfSums(spread_, known.size()), set);
      if (search_.diverged || cancel_.timeIsUp()) return;
      const RowSet left =
          screen(problem_, expected(firstWidening()), search_.scale.objective, sample, nullptr, cancel_);
      const double before = open;
      open = static_cast<double>(left.size()) / static_cast<double>(sample.size());
      if (open < kFewOpen) return;
      if (known.everyRow() && open > kPays * before && ++stalled == kMostStalled) return;
      // Until the prices are about right, a part of the rows will do.
      if (open < kNearlyRight || open > kPays * before) known = RowSample::all(problem_.rows);
    }
  }

  void correctBy(const Sums& sums, const Eigen::MatrixXd& unknown, RowSet& set) {
    const ControlVariate control(problem_, terms_, search_.prices, sums, set);
    const double tau = tau_;
    const Eigen::VectorXd from = search_.prices;
    coolCorrected(set, control, unknown);
    if (!strayed() || conflict_ || provesConflict() || cancel_.timeIsUp()) return;
    search_.diverged = false;
    search_.prices = from;
    tau_ = tau;
    search_.scale.elasticity = elasticityOf(set.size());
    coolCorrected(set, control, unknown);
    search_.scale.elasticity = 0;
  }

  // `unknown`: covariance of the sums that are taken as the whole's.
  void coolCorrected(const RowSet& set, const ControlVariate& control, const Eigen::MatrixXd& unknown) {
    const double coldest = static_cast<double>(unit().size()) / static_cast<double>(set.size());
    climb(set, everywhere_);
    for (;;) {
      covariance_ = errorCovariance(
          lastPoint_, unknown + errorOfSums(control.spread(problem_, terms_, set, search_.prices, tau_), set.size()));
      if (strayed() || cancel_.timeIsUp() || tauUnits() <= coldest) return;
      // Softmin weights differ from what is best at y0, and the more so the hotter: where only that is left, it must go.
      const bool settled = (bias_.array().abs() <= 1.5 * deviations().array() + 1e-6).all();
      if (settled && !unknown.isZero()) return;
      tau_ /= kCooling;
      bias_ = climb(set, everywhere_) / (kCooling - 1);
    }
  }

  // Stages 3 and 4.
  void screenAll() {
    const double tau = tau_;
    const Eigen::VectorXd bias = bias_;
    double widen = firstWidening();
    for (int attempt = 0; attempt < kAttempts && !search_.diverged; ++attempt) {
      // The first time, where they left it is the better centre.
      if (attempt > 1) widen *= kWidening;
      tau_ = tau;
      bias_ = bias;
      const TrustRegion region = expected(widen);
      RowSet set = screen(problem_, region, search_.scale.objective, RowSample::all(problem_.rows),
                          search_.choice.data(), cancel_);
      const PriceBox box = boxOf(region, widen);
      const bool ended = tied_ ? coolTied(std::move(set), box, region) : coolAll(std::move(set), box, region);
      if (ended && region.contains(search_.prices)) return;
      if (cancel_.timeIsUp()) return;
    }
    if (search_.diverged && highest_ < kDiverged) return;
    // The samples misled: no row is decided beforehand.
    tau_ = tau;
    beginLevels(openRows(problem_, RowSample::all(problem_.rows)), everywhere_);
    coolToTheEnd();
  }

  bool coolAll(RowSet set, const PriceBox& box, const TrustRegion& region) {
    beginLevels(std::move(set), box);
    correct();
    return coolToTheEnd(&region);
  }

  // The same by the kinds of rows, as soon as they are few.
  bool coolTied(RowSet set, const PriceBox& box, const TrustRegion& region) {
    std::optional<RowSet> classes = classed(set);
    const bool ended = coolAll(classes ? std::move(*classes) : set, box, region);
    if (!ended || !search_.levels.back().counted()) return ended;
    beginLevels(std::move(set), box);
    narrowTo(unit() * (kTiedReach * tauUnits()));
    return true;
  }

  std::optional<RowSet> classed(const RowSet& set) const {
    if (!(tied_ || lingering_) || set.counted()) return {};
    RowSet classes = classesOf(problem_, terms_, set, cancel_);
    if (kClassed * classes.size() > set.size()) return {};
    return classes;
  }

  void beginLevels(RowSet widest, const PriceBox& box) {
    search_.levels.clear();
    boxes_.clear();
    push(std::move(widest), box);
  }

  void push(RowSet set, const PriceBox& box) {
    search_.levels.push_back(std::move(set));
    boxes_.push_back(box);
  }

  // The next level: the rows of the last that are not decided everywhere within reach of the present prices. None where
  // that is no much smaller box: walking the rows would be for nothing.
  void narrowTo(const Eigen::VectorXd& reach) {
    const PriceBox& last = boxes_.back();
    const Eigen::ArrayXd width = (last.high - last.low).cwiseQuotient(unit()).array();
    if ((reach.cwiseQuotient(unit()).array() > kNarrower * width).all()) return;
    const BoxRegion region(problem_, terms_, search_.prices, reach);
    push(narrow(problem_, terms_, search_.levels.back(), region, search_.choice.data(), cancel_),
         last.around(search_.prices, reach));
  }

  // Takes the last level's rows by their kinds, if these are few.
  void aggregate() {
    if (std::optional<RowSet> classes = classed(search_.levels.back())) search_.levels.back() = std::move(*classes);
  }

  // What sampling got wrong, one step makes good but for its square: the next level's rows are those near its end.
  void correct() {
    const Eigen::VectorXd before = search_.prices;
    search_.prices = stepOnce(problem_, search_.levels.back(), search_.scale, boxes_.back(), before, tau_, cancel_);
    ++search_.evaluations;
    const Eigen::VectorXd step = (search_.prices - before).cwiseQuotient(unit());
    Eigen::ArrayXd reach = kStepError * step.array().abs() + kReach * bias_.array().abs() + kReachTau * tauUnits();
    if (tied_) reach += kReach * deviations().array();
    narrowTo((unit().array() * reach).matrix());
    aggregate();
  }

  // The next level: cooler, narrowed to what that is expected to move.
  void cool() {
    const double here = tauUnits(), factor = std::min(path_.cooling(), std::max(kCooling, tau_ / coldEnough()));
    tau_ /= factor;
    const Eigen::VectorXd before = search_.prices;
    const Eigen::VectorXd ahead =
        path_.straight() ? Eigen::VectorXd(bias_ * (1 - 1 / factor)) : Eigen::VectorXd::Zero(bias_.size());
    search_.prices = (before + ahead.cwiseProduct(unit())).cwiseMax(boxes_.back().low).cwiseMin(boxes_.back().high);
    const size_t rows = search_.levels.back().size();
    narrowTo((unit().array() * (kReach * bias_.array().abs() + kReachTau * here)).matrix());
    lingering_ = here < kCold && kLingering * search_.levels.back().size() > rows;
    aggregate();
    climb(search_.levels.back(), boxes_.back());
    const Eigen::VectorXd bias = (search_.prices - before).cwiseQuotient(unit()) / (factor - 1);
    path_.follow((bias - bias_ / factor).norm() / std::max(1e-300, bias.norm()));
    bias_ = bias;
  }

  // The temperature at which smoothing costs no more than matters for sure.
  double coldEnough() const {
    return std::max(matters() / std::max(1.0, search_.levels.back().rows()), kColdest * search_.scale.objective);
  }

  // A small part of the gap allowed, or of what one row has at stake.
  double matters() const {
    const double value = std::abs(lastPoint_.value);
    // Where the objective is next to nothing, so is what a row has at stake.
    const double stake = std::min(2 * kRowShare * search_.scale.objective, kLargestShare * value);
    return std::max(0.1 * gapTolerance_ * value, stake);
  }

  // Stage 4, from the last level on; false if the prices want out of the first one's box, or of its region.
  bool coolToTheEnd(const TrustRegion* region = nullptr) {
    Eigen::VectorXd move = climbFirst(search_.levels.back(), boxes_.back());
    if (bias_.isZero()) bias_ = move;
    for (int level = 0; level < kMaxLevels && !search_.diverged && !cancel_.timeIsUp(); ++level) {
      if (atEdge(boxes_.back())) {
        path_.stray();
        // The optimum lies outside: the wider level's rows are needed again, at this tau.
        if (search_.levels.size() == 1) return false;
        search_.levels.pop_back();
        boxes_.pop_back();
        climb(search_.levels.back(), boxes_.back());
        continue;
      }
      if (!converged_) {
        // Too cold for a start this far off.
        path_.stray();
        tau_ *= kWarming;
        climb(search_.levels.back(), boxes_.back());
        continue;
      }
      if (tau_ <= coldEnough()) break;
      if (region && !region->contains(search_.prices)) return false;
      // Cooling moves the prices in proportion to tau, about as it did before.
      cool();
    }
    climb(search_.levels.back(), boxes_.back(), Spread::none, small() ? kSmallFinalPrecision : kFinalPrecision);
    return true;
  }

  // Where the sample stood at a temperature.
  struct Level {
    double tau, deviation;
    Eigen::VectorXd prices;
    Eigen::MatrixXd covariance, spread;
    DualPoint point;
  };

  const Problem& problem_;
  const Terms& terms_;
  const double gapTolerance_;
  const uint64_t seed_;
  const compute::CancelFlag& cancel_;
  PriceSearch search_;
  PriceBox everywhere_;
  std::vector<PriceBox> boxes_;  // of each level
  double tau_ = 1;
  const double highest_;  // of prices, in natural units: more is divergence
  double suspect_ = kSuspect;
  bool firstSample_ = true;  // nothing but the first sample, uncorrected, has been looked at
  bool conflict_ = false;    // proven: the limits cannot hold together
  bool warm_ = false;        // the prices are given ones, and nothing has been climbed from them yet
  DualPoint lastPoint_;
  bool converged_ = false;
  bool tied_ = false;       // rows are tied en masse
  bool lingering_ = false;  // ... or may be: as many are near a tie as were when it was hotter
  // Where cooling the sample ended.
  struct {
    double tau;
    Eigen::VectorXd prices;
  } coldest_;
  Path path_;
  Eigen::MatrixXd spread_, covariance_;
  Eigen::VectorXd bias_;  // what cooling may still move each price by, in natural units: the last move's
                          // tail, were the moves to fall in proportion to tau
};

}  // namespace

PriceSearch searchPrices(const Problem& problem, const Terms& terms, const WarmStart* warmStart, double gapTolerance,
                         uint64_t seed, const compute::CancelFlag& cancel, double highest) {
  return Searcher(problem, terms, gapTolerance, seed, cancel, highest).run(warmStart);
}

}  // namespace omnirouter::assignment
