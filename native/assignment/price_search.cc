#include "assignment/price_search.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "assignment/screening.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kFirstSample = 2048;
constexpr size_t kSampleGrowth = 8;
constexpr double kCooling = 5.0;
// Radius of the trust region in standard deviations of a pair of models: exp(-4.5^2/2) = 4e-5 per pair.
constexpr double kRadius = 4.5;
// Prices this many natural units high are taken as divergence.
constexpr double kDivergence = 1e6;

class Searcher {
 public:
  Searcher(const Problem& problem, const Terms& terms, double gapTolerance, uint64_t seed,
           const compute::CancelFlag& cancel)
      : problem_(problem), terms_(terms), gapTolerance_(gapTolerance), seed_(seed), cancel_(cancel) {}

  PriceSearch run(const Eigen::VectorXd* warmStart) {
    search_.choice.assign(problem_.rows, 0);
    const RowSample first(problem_.rows, kFirstSample, seed_);
    RowSet set = openRows(problem_, first);
    search_.scale = measureScale(problem_, terms_, set);
    tau_ = search_.scale.objective;
    search_.prices =
        warmStart ? *warmStart : Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem_.limits.size()));
    if (problem_.limits.empty()) {
      finishWithoutPrices(std::move(set), first);
      return std::move(search_);
    }
    if (!first.everyRow()) {
      coolSample(set, first.size());
      size_t count = first.size();
      while (!search_.diverged) {
        count *= kSampleGrowth;
        const RowSample sample(problem_.rows, count, seed_ + count);
        set = screenUntilInside(sample);
        if (sample.everyRow()) break;
        covariance_ = errorCovariance(lastPoint_, sample.size());
      }
    }
    search_.levels.push_back(std::move(set));
    if (!search_.diverged) coolToTheEnd();
    search_.tau = tau_;
    return std::move(search_);
  }

 private:
  const Eigen::VectorXd& unit() const { return search_.scale.price; }
  double tauUnits() const { return tau_ / search_.scale.objective; }

  // Newton at the present tau; returns the prices' move in natural units, per limit.
  Eigen::VectorXd climb(const RowSet& set, Spread spread = Spread::none) {
    const Eigen::VectorXd before = search_.prices;
    Ascent ascent = ascend(problem_, terms_, set, search_.scale, before, tau_, spread, cancel_);
    search_.evaluations += ascent.evaluations;
    search_.prices = ascent.prices;
    lastPoint_ = std::move(ascent.point);
    if (search_.prices.cwiseQuotient(unit()).maxCoeff() > kDivergence) search_.diverged = true;
    return (search_.prices - before).cwiseQuotient(unit());
  }

  // Stage 1.
  void coolSample(const RowSet& set, size_t rows) {
    climb(set, Spread::betweenRows);
    for (;;) {
      spread_ = lastPoint_.spread;
      covariance_ = errorCovariance(lastPoint_, rows);
      if (search_.diverged || tauUnits() < 1e-4) return;
      tau_ /= kCooling;
      const Eigen::VectorXd move = climb(set, Spread::betweenRows);
      bias_ = move;
      const Eigen::VectorXd sd = covariance_.diagonal().cwiseMax(0.0).cwiseSqrt().cwiseQuotient(unit());
      bool settled = true;
      for (Eigen::Index l = 0; l < move.size(); ++l) settled &= std::abs(move[l]) <= 1.5 * sd[l] + 1e-6;
      if (settled) {
        spread_ = lastPoint_.spread;
        covariance_ = errorCovariance(lastPoint_, rows);
        return;
      }
    }
  }

  // Covariance of the prices' sampling error. Limits that are clearly slack keep price 0 and take no part.
  Eigen::MatrixXd errorCovariance(const DualPoint& point, size_t rows) const {
    const auto total = static_cast<double>(problem_.rows), n = static_cast<double>(rows);
    const double factor = total * total / n * (1 - n / total);
    std::vector<Eigen::Index> moving;
    for (Eigen::Index l = 0; l < unit().size(); ++l)
      if (search_.prices[l] > 0 || point.gradient[l] > -5 * std::sqrt(factor * std::max(0.0, spread_(l, l))))
        moving.push_back(l);
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(unit().size(), unit().size());
    if (moving.empty()) return covariance;
    const Eigen::VectorXd u = unit()(moving);
    Eigen::MatrixXd h = u.asDiagonal() * point.curvature(moving, moving) * u.asDiagonal();
    // Directions no row resists (a common shift of all capacity prices) have no error that matters to a row;
    // the damping keeps the inverse finite in them.
    h.diagonal().array() += 1e-9 * std::max(h.diagonal().maxCoeff(), 1e-300);
    const Eigen::LLT<Eigen::MatrixXd> llt(h);
    const Eigen::MatrixXd s = factor * (u.asDiagonal() * spread_(moving, moving) * u.asDiagonal());
    const Eigen::MatrixXd left = llt.solve(s);
    const Eigen::MatrixXd c = llt.solve(left.transpose());
    covariance(moving, moving) = u.asDiagonal() * (0.5 * (c + c.transpose())) * u.asDiagonal();
    return covariance;
  }

  // Stage 2: decides the sample's rows around the present prices, climbs on what is open, and widens the
  // region as often as the climb leaves it.
  RowSet screenUntilInside(const RowSample& sample) {
    uint8_t* choice = sample.everyRow() ? search_.choice.data() : nullptr;
    double widen = 1;
    for (int attempt = 0; attempt < 6; ++attempt, widen *= 2.5) {
      const Eigen::VectorXd floor =
          (unit().array() * (bias_.array().abs() + 0.2 * tauUnits()) * widen).matrix();
      const TrustRegion region(problem_, terms_, search_.prices, covariance_, kRadius * widen, floor);
      RowSet set = screen(problem_, terms_, region, sample, choice, cancel_);
      climb(set);
      if (search_.diverged || region.contains(search_.prices)) return set;
    }
    // The sample misled: give up deciding rows here and let stage 3 do it from all of them.
    return openRows(problem_, sample);
  }

  // Stage 3.
  void coolToTheEnd() {
    Eigen::VectorXd move = climb(search_.levels.back());
    const double smallest = 1e-9 * search_.scale.objective;
    for (int level = 0; level < 40 && !search_.diverged; ++level) {
      const double smoothingError = 0.5 * static_cast<double>(search_.levels.back().size()) * tau_;
      if (smoothingError <= 0.05 * gapTolerance_ * std::abs(lastPoint_.value) || tau_ <= smallest) return;
      const double here = tauUnits();
      tau_ /= kCooling;
      const Eigen::VectorXd reach =
          (unit().array() * (move.array().abs().min(4 * kCooling * here) + 3 * here)).matrix();
      const TrustRegion region(problem_, terms_, search_.prices,
                               Eigen::MatrixXd::Zero(reach.size(), reach.size()), 1.0, reach);
      RowSet narrower =
          narrow(problem_, terms_, search_.levels.back(), region, search_.choice.data(), cancel_);
      move = climb(narrower);
      if (region.contains(search_.prices)) {
        if (narrower.size() < search_.levels.back().size()) search_.levels.push_back(std::move(narrower));
      } else {
        if (search_.levels.size() > 1) search_.levels.pop_back();
        move = climb(search_.levels.back());
      }
    }
  }

  // No limits, no prices: every row its best model.
  void finishWithoutPrices(RowSet set, const RowSample& first) {
    const TrustRegion region(problem_, terms_, search_.prices, Eigen::MatrixXd(), 0.0, search_.prices);
    if (!first.everyRow())
      set = screen(problem_, terms_, region, RowSample::all(problem_.rows), search_.choice.data(), cancel_);
    search_.levels.push_back(std::move(set));
  }

  const Problem& problem_;
  const Terms& terms_;
  const double gapTolerance_;
  const uint64_t seed_;
  const compute::CancelFlag& cancel_;
  PriceSearch search_;
  double tau_ = 1;
  DualPoint lastPoint_;
  Eigen::MatrixXd spread_, covariance_;
  Eigen::VectorXd bias_;
};

}  // namespace

PriceSearch searchPrices(const Problem& problem, const Terms& terms, const Eigen::VectorXd* warmStart,
                         double gapTolerance, uint64_t seed, const compute::CancelFlag& cancel) {
  return Searcher(problem, terms, gapTolerance, seed, cancel).run(warmStart);
}

}  // namespace omnirouter::assignment
