#include "assignment/price_search.h"

#include <algorithm>
#include <optional>

#include "assignment/certificate.h"
#include "assignment/control_variate.h"
#include "assignment/cooling.h"
#include "assignment/even_rounding.h"
#include "assignment/price_climb.h"
#include "assignment/sampled_prices.h"
#include "assignment/screening.h"
#include "assignment/single_price.h"
#include "assignment/tied_search.h"

namespace omnirouter::assignment {

namespace {

// Where it is known how near prices are, the temperature to begin at: a share of that, in natural units, within bounds.
constexpr double kNearTau = 0.1, kNearColdest = 1e-6, kNearHottest = 1.0 / 125;
// How far from a tied sample's prices its best are looked for, in tau.
constexpr double kTiedStart = 20;
// A region left is tried again around where that led, then this much wider; so often.
constexpr double kWidening = 2.5;
constexpr int kAttempts = 6;
// Candidates in all that are still walked over where there is no time left; and for a repair one in so many of these.
constexpr size_t kManyOpen = size_t{1} << 20, kPooled = 4;
// What making a level takes for each value that stays open, and evaluations that it is for, at least.
constexpr uint64_t kOpening = 8, kEvaluations = 12;
// Rows that tell how many stay open.
constexpr size_t kOpenSample = 4096;
// Rows that tell the scale of a single price well enough.
constexpr size_t kScaleRows = 256;

class Searcher {
 public:
  Searcher(const Problem& problem, const Terms& terms, double gapTolerance, uint64_t seed,
           const compute::CancelFlag& cancel, double highest)
      : problem_(problem),
        terms_(terms),
        gapTolerance_(gapTolerance),
        seed_(seed),
        cancel_(cancel),
        highest_(highest),
        climb_(problem, terms, cancel, highest, search_),
        sampled_(climb_, seed) {}

  PriceSearch run(const WarmStart* warmStart) {
    search_.choice.assign(problem_.rows, 0);
    if (!problem_.limits.empty() && searchSingle(warmStart)) return std::move(search_);
    const RowSample sample = sampled_.sample();
    RowSet set = openRows(problem_, sample);
    search_.scale = measureScale(problem_, terms_, set);
    climb_.everywhere = PriceBox::all(search_.scale);
    climb_.start(warmStart ? &warmStart->prices : nullptr);
    if (problem_.limits.empty()) {
      decideAll(problem_, search_, cancel_);
      return std::move(search_);
    }
    const bool near = warmStart && warmStart->reach.size() > 0 && !sample.everyRow() && searchNear(warmStart->reach);
    if (!near) searchFromSample(std::move(set), sample);
    // The search ended in a proof, or had no time to open rows, or has none to walk over so many.
    const bool late = search_.levels.empty() ||
                      (cancel_.mustEnd() && !tiedToTheEnd_ && search_.levels.back().candidates() > kManyOpen);
    if (climb_.conflict)
      decideAll(problem_, search_, cancel_);
    else if (late)
      roundAll();
    search_.tau = tiedToTheEnd_ || late ? 0 : climb_.tau;
    return std::move(search_);
  }

 private:
  // Every row's model from its weights at the last temperature, and some rows for the repair.
  void roundAll() {
    const Reduced reduced(problem_, {search_.prices.data(), problem_.limits.size()});
    roundEveryRow(problem_, reduced, climb_.tau, search_.choice.data(), cancel_);
    RowSet pool = openRows(problem_, RowSample(problem_.rows, kManyOpen / (kPooled * problem_.models), seed_ + 4));
    const std::vector<double> free(problem_.limits.size(), 0.0);
    const Certificate all = certify(problem_, free, search_.choice.data(), cancel_);
    Sums own(problem_.limits.size());
    for (size_t i = 0; i < pool.size(); ++i)
      addChoice(problem_, terms_, pool[i], pool[i].candidate(search_.choice[pool[i].id]), own);
    pool.weight = 1;
    pool.decided.objective = all.objective - own.objective;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      pool.decided.limit[l] = problem_.limits[l].sign() * all.total[l] - own.limit[l];
    search_.levels.assign(1, std::move(pool));
  }

  // Where one limit alone is in the way.
  bool searchSingle(const WarmStart* warmStart) {
    search_.scale = measureScale(problem_, terms_, openRows(problem_, RowSample(problem_.rows, kScaleRows, seed_)));
    if (searchSinglePrice(problem_, terms_, warmStart, seed_, highest_, search_, cancel_)) return true;
    search_.levels.clear();
    return false;
  }

  void searchFromSample(RowSet set, const RowSample& sample) {
    sampled_.findNeighbourhood(set);
    if (sample.everyRow()) return coolEveryRow(std::move(set));
    sampled_.cool(set);
    if (search_.diverged) return;
    tiedToTheEnd_ = sampled_.tied() && searchByKinds(sample);
    if (tiedToTheEnd_) return;
    climb_.firstSample = false;
    sampled_.correct();
    if (!search_.diverged) screenAll();
  }

  // No row is decided beforehand.
  void coolEveryRow(RowSet set) {
    Cooling cooling(climb_, gapTolerance_, sampled_.tied());
    cooling.begin(std::move(set), climb_.everywhere);
    cooling.coolToTheEnd();
  }

  RowSet screenedBy(const TrustRegion& region) {
    return screen(problem_, region, search_.scale.objective, RowSample::all(problem_.rows), search_.choice.data(),
                  cancel_);
  }

  // From prices near which the best are expected: no sample is asked. False, and prices as before, if they lie elsewhere.
  bool searchNear(const Eigen::VectorXd& expected) {
    const Eigen::VectorXd from = search_.prices;
    const double usual = climb_.inUnits(expected).mean();
    const Eigen::VectorXd reach = expected + usual * climb_.unit();
    climb_.tau = std::clamp(kNearTau * usual, kNearColdest, kNearHottest) * search_.scale.objective;
    climb_.warm = false;
    // How far each price may be off is known, and nothing of how they go together.
    const auto none = Eigen::MatrixXd::Zero(from.size(), from.size());
    const TrustRegion region(problem_, terms_, from, none, 1, reach);
    if (coolAll(screenedBy(region), climb_.everywhere.around(from, reach), region) && region.contains(search_.prices))
      return true;
    if (climb_.conflict || cancel_.mustEnd()) return true;
    climb_.start(&from);
    return false;
  }

  // All that is left to do where the kinds of rows are few (tied_search.h). False, and prices as before, if they are not.
  bool searchByKinds(const RowSample& sample) {
    if (cancel_.mustEnd()) return false;
    const Eigen::VectorXd before = search_.prices;
    search_.prices = sampled_.coldestPrices();
    const double tau = sampled_.coldestTau() / search_.scale.objective;
    if (searchTied(problem_, terms_, sample, kTiedStart * tau * climb_.unit(), seed_, search_, cancel_)) return true;
    search_.prices = before;
    return false;
  }

  // Whether there is time to open the rows that are near a tie, and to search on them.
  bool affordsOpenRows() const {
    const auto affords = [&](double share) {
      const auto rows = static_cast<size_t>(share * static_cast<double>(problem_.rows));
      const size_t candidates = rows * problem_.models;
      return cancel_.affords(problem_.entries() + kOpening * candidates * problem_.quantities.size() +
                             kEvaluations * compute::kWorkUnits[static_cast<size_t>(compute::WorkKind::softmins)] *
                                 softminsOf(problem_, rows, candidates));
    };
    return affords(1) || affords(sampled_.shareOpen(RowSample(problem_.rows, kOpenSample, seed_ + 5)));
  }

  // Stages 3 and 4.
  void screenAll() {
    if (!affordsOpenRows()) return;
    const double tau = climb_.tau;
    const Eigen::VectorXd bias = climb_.bias;
    double widen = sampled_.firstWidening();
    for (int attempt = 0; attempt < kAttempts && !search_.diverged; ++attempt) {
      // The first time, where they left it is the better centre.
      if (attempt > 1) widen *= kWidening;
      climb_.tau = tau;
      climb_.bias = bias;
      const TrustRegion region = sampled_.expected(widen);
      const PriceBox box = sampled_.boxOf(region, widen);
      if (coolAll(screenedBy(region), box, region) && region.contains(search_.prices)) return;
      if (cancel_.mustEnd()) return;
    }
    if (search_.diverged && climb_.givesUpEarly()) return;
    // The samples misled.
    if (!affordsOpenRows()) return;
    climb_.tau = tau;
    coolEveryRow(openRows(problem_, RowSample::all(problem_.rows)));
  }

  bool coolAll(RowSet set, const PriceBox& box, const TrustRegion& region) {
    Cooling cooling(climb_, gapTolerance_, sampled_.tied());
    cooling.begin(std::move(set), box);
    cooling.correct(sampled_.tied() ? sampled_.deviations() : Eigen::VectorXd::Zero(search_.prices.size()));
    return cooling.coolToTheEnd(&region);
  }

  const Problem& problem_;
  const Terms& terms_;
  const double gapTolerance_;
  const uint64_t seed_;
  const compute::CancelFlag& cancel_;
  const double highest_;
  PriceSearch search_;
  PriceClimb climb_;
  SampledPrices sampled_;
  bool tiedToTheEnd_ = false;  // the rows' choice is made already
};

}  // namespace

void decideAll(const Problem& problem, PriceSearch& search, const compute::CancelFlag& cancel) {
  RowSet none(problem.quantities.size(), problem.limits.size());
  none.decided = leastSums(problem, search.prices, cancel, search.choice.data());
  search.levels.assign(1, std::move(none));
}

PriceSearch searchPrices(const Problem& problem, const Terms& terms, const WarmStart* warmStart, double gapTolerance,
                         uint64_t seed, const compute::CancelFlag& cancel, double highest) {
  return Searcher(problem, terms, gapTolerance, seed, cancel, highest).run(warmStart);
}

}  // namespace omnirouter::assignment
