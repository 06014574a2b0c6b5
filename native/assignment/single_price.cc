#include "assignment/single_price.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "assignment/cells.h"
#include "assignment/control_variate.h"
#include "assignment/rows_between.h"
#include "assignment/sampled_problem.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Batches of fewer rows are their own sample. Of others, one row in so many is in it, within bounds.
constexpr size_t kSampled = 2048, kShare = 64, kLeastSample = 1024, kMostSample = 4096;
// How far the ends are put: where the slope is expected to be so many standard deviations from 0, as if so many more of the
// sample's rows had changed their model than did. Each time that an end was put wrongly, further.
constexpr double kDeviations = 3, kMoreChanges = 4, kFurther = 2;
constexpr int kMostRounds = 12;
// Where more rows would be open than this share, the sums of all rows at a better price come first.
constexpr double kManyOpen = 0.05;
constexpr int kMostBetter = 2;
// Bisection of a sample's price ends at this share of it, far below what a sample can tell.
constexpr double kSamplePrecision = 1e-3, kChangePrecision = 1e-5;
// How many standard errors of the sample's sums other limits have to hold by, were values to differ as much as their mean.
// One that does not after all costs some walks over the rows.
constexpr double kRoom = 1;
// Prices below this share of the natural unit are as good as none.
constexpr double kNoPrice = 1e-9;
// First steps away from a price, as a share of it, and how they grow.
constexpr double kFirstStep = 1e-4, kGrowth = 3;
// Steps on the open rows, of which halvings alone leave no double between.
constexpr int kMostSteps = 200;
// Open rows that a thread takes at a time.
constexpr size_t kSlice = 2048;
// Of the sums that D is of, what they may be rounded by.
constexpr double kRounding = 1e-14;

class SinglePrice {
 public:
  SinglePrice(const Problem& problem, const Terms& terms, uint64_t seed, double highest, PriceSearch& search,
              const compute::CancelFlag& cancel)
      : problem_(problem),
        terms_(terms),
        cancel_(cancel),
        search_(search),
        given_(highest),
        sample_(problem,
                RowSample(problem.rows,
                          problem.rows < kSampled ? problem.rows
                                                  : std::clamp(problem.rows / kShare, kLeastSample, kMostSample),
                          seed)),
        weight_(static_cast<double>(problem.rows) / static_cast<double>(sample_.problem.rows)) {}

  // As far as the sample can tell: the limit that the plan of least objective misses, or of several the one that is of all
  // models, whose price changes who is asked most; and whether all others hold with room at its price.
  bool choose() {
    size_t missed = 0, missedByAll = 0;
    const Cells free = sampleAt(0);
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      if (limit.sign() * (weight_ * free.total(limit) - limit.bound) <= 0) continue;
      const bool ofAll = limit.model == kAll;
      if ((ofAll && missedByAll == 0) || missed == 0) limit_ = l;
      ++missed;
      missedByAll += ofAll ? 1 : 0;
    }
    if (missedByAll > 1 || (missedByAll == 0 && missed > 1)) return false;
    bound_ = problem_.limits[limit_].sign() * problem_.limits[limit_].bound;
    unit_ = search_.scale.price[static_cast<Eigen::Index>(limit_)];
    top_ = highest_ = given_ * unit_;
    first_ = crossing(0, unit_, kSamplePrecision, [&](double y) { return weight_ * sampleTotal(y) - bound_; });
    const Cells priced = sampleAt(first_);
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      const double total = weight_ * priced.total(limit);
      const double rows = priced.total({kRequests, false, 0, limit.group, limit.model});
      if (l != limit_ && limit.sign() * (limit.bound - total) < kRoom * total / std::sqrt(rows + 1)) return false;
    }
    return true;
  }

  // False if others than the chosen limit do not hold.
  bool run(const WarmStart* like) {
    double at = like ? std::min(like->prices[static_cast<Eigen::Index>(limit_)], highest_) : first_;
    double slope = slopeOf(at);
    double further = kDeviations;
    int better = 0;
    for (int round = 0;; ++round) {
      // The slope at a price is known, and tells on which side of it the best is.
      (slope > 0 ? bottom_ : top_) = at;
      holds_ |= slope <= 0;
      if (at == 0 && slope <= 0) return endAt(0);
      if (at == highest_ && slope > 0) return diverge();
      if (cancel_.mustEnd()) return endAt(holds_ ? top_ : at);
      // A sample that misleads for so long is not asked any more.
      const auto [low, best, high, share] = round < kMostRounds ? ends(at, slope, further) : Ends{bottom_, at, top_, 0};
      if (share > kManyOpen && better < kMostBetter && best != at) {
        ++better;
        at = best;
        slope = slopeOf(at);
        continue;
      }
      Between between = rowsBetween(low, high);
      if (between.below.slope <= 0 && low == 0) return endAt(0);
      if (between.below.slope > 0 && between.above.slope <= 0) return finish(std::move(between));
      const Line& next = between.below.slope > 0 ? between.above : between.below;
      at = next.price;
      slope = next.slope;
      further *= kFurther;
    }
  }

 private:
  Eigen::VectorXd priced(double y) const {
    Eigen::VectorXd prices = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem_.limits.size()));
    prices[static_cast<Eigen::Index>(limit_)] = y;
    return prices;
  }

  double slopeOf(double y) {
    ++search_.evaluations;
    return leastSums(problem_, priced(y), cancel_).limit[limit_] - bound_;
  }

  double sampleTotal(double y) {
    ++search_.evaluations;
    return leastSums(sample_.problem, priced(y), cancel_).limit[limit_];
  }

  // What the sample comes to at a price.
  Cells sampleAt(double y) {
    std::vector<uint8_t> choice(sample_.problem.rows);
    leastSums(sample_.problem, priced(y), cancel_, choice.data());
    Cells cells(sample_.problem);
    cells.add(0, choice);
    return cells;
  }

  // Prices around where a falling function changes its sign, within those that are known to be too low and too high; looked
  // for from `near` on, in steps of `step` at first.
  template <class Function>
  std::pair<double, double> around(double near, double step, const Function& function) {
    double low = bottom_, high = top_;
    const bool above = function(near) > 0;
    (above ? low : high) = near;
    for (double y = near; !cancel_.mustEnd(); step *= kGrowth) {
      y = above ? std::min(high, y + step) : std::max(low, y - step);
      if (y == (above ? high : low)) break;
      const bool still = (function(y) > 0) == above;
      (still == above ? low : high) = y;
      if (!still) break;
    }
    return {low, high};
  }

  // The same, until they are as close as that; the upper one.
  template <class Function>
  double crossing(double near, double step, double precision, const Function& function) {
    auto [low, high] = around(near, step, function);
    while (high - low > std::max(precision * high, kNoPrice * unit_) && !cancel_.mustEnd()) {
      const double middle = low + (high - low) / 2;
      if (middle == low || middle == high) break;
      (function(middle) > 0 ? low : high) = middle;
    }
    return high;
  }

  // The best price, and others below and above it, as far as the sample can tell; the share of rows between.
  struct Ends {
    double low, best, high, share;
  };
  Ends ends(double at, double slope, double deviations) {
    std::vector<uint8_t> there(sample_.problem.rows), here(there.size());
    const double total = leastSums(sample_.problem, priced(at), cancel_, there.data()).limit[limit_];
    const auto expected = [&](double y) { return slope + weight_ * (sampleTotal(y) - total); };
    const double step = kFirstStep * std::max(at, unit_);
    const double best = crossing(at, step, kChangePrecision, expected);
    const auto choose = [&](double y, std::vector<uint8_t>& choice) {
      leastSums(sample_.problem, priced(y), cancel_, choice.data());
    };
    const auto differing = [&] {
      size_t count = 0;
      for (size_t i = 0; i < here.size(); ++i) count += here[i] != there[i];
      return static_cast<double>(count);
    };
    choose(best, here);
    // They all changed to the same side.
    const double changed = differing(), range = search_.scale.objective / unit_;
    const double each = (std::abs(sampleTotal(best) - total) + kMoreChanges * range) / (changed + kMoreChanges);
    const double away = deviations * weight_ * each * std::sqrt(changed + kMoreChanges);
    const double low = around(best, step, [&](double y) { return expected(y) - away; }).first;
    const double high = around(best, step, [&](double y) { return expected(y) + away; }).second;
    choose(low, there);
    choose(high, here);
    return {low, best, high, differing() / static_cast<double>(here.size())};
  }

  Between rowsBetween(double low, double high) {
    search_.evaluations += 2;
    return assignment::rowsBetween(problem_, limit_, low, high, search_.choice.data(), cancel_);
  }

  // The best price, with the rows between two that enclose it.
  bool finish(Between between) {
    const RowSet& rows = between.open;
    Line &below = between.below, &above = between.above;
    std::vector<uint8_t>&atLow = between.low, &atHigh = between.high;
    std::vector<uint8_t> here(rows.size());
    std::vector<uint32_t> every(rows.size());
    std::iota(every.begin(), every.end(), uint32_t{0});
    std::vector<uint32_t> differing = every;
    Sums settled = rows.decided;  // of the rows that no longer differ, too
    for (int step = 0; step < kMostSteps && !differing.empty() && !cancel_.mustEnd(); ++step) {
      // Where the lines meet, and in turn the middle, lest it be approached from one side.
      const double meet = (above.objective - below.objective) / (below.slope - above.slope);
      const double peak = below.objective + meet * below.slope;
      const double rounding = kRounding * (std::abs(peak) + std::abs(meet * bound_));
      // Nothing lies above where they do: one of the ends may be the peak.
      if (std::max(below.dual(), above.dual()) >= peak - rounding) break;
      const double middle = below.price + (above.price - below.price) / 2;
      const double price = step % 3 != 2 && meet > below.price && meet < above.price ? meet : middle;
      if (price <= below.price || price >= above.price) break;
      const Eigen::VectorXd prices = priced(price);
      const Reduced reduced(problem_, {prices.data(), static_cast<size_t>(prices.size())});
      Sums sums = sumOver(differing, [&](uint32_t i, Sums& part) {
        double r[kMaxModels];
        const RowSet::Row row = rows[i];
        const size_t best = reduceRow(problem_, reduced, row, r);
        here[i] = static_cast<uint8_t>(best);
        addChoice(problem_, terms_, row, best, part);
      });
      sums.add(settled);
      ++search_.evaluations;
      const Line found{price, sums.objective, sums.limit[limit_] - bound_};
      // Nothing lies above where the lines meet: it is the peak.
      const bool isPeak = price == meet && found.dual() >= peak - rounding;
      const bool rises = found.slope > 0;
      (rises ? below : above) = found;
      for (const uint32_t i : differing) (rises ? atLow : atHigh)[i] = here[i];
      if (isPeak) break;
      const auto same = [&](uint32_t i) { return atLow[i] == atHigh[i]; };
      settled.add(sumOver(differing, [&](uint32_t i, Sums& part) {
        if (same(i)) addChoice(problem_, terms_, rows[i], atLow[i], part);
      }));
      differing.erase(std::remove_if(differing.begin(), differing.end(), same), differing.end());
    }
    search_.prices = priced(below.dual() > above.dual() ? below.price : above.price);
    // The limit holds at the higher price, with some slack. Tied rows take it up.
    double slack = -above.slope;
    for (const uint32_t i : differing) {
      Sums change(problem_.limits.size()), back = change;
      addChoice(problem_, terms_, rows[i], atLow[i], change);
      addChoice(problem_, terms_, rows[i], atHigh[i], back);
      const double by = change.limit[limit_] - back.limit[limit_];
      if (by > slack) continue;
      slack -= by;
      atHigh[i] = atLow[i];
    }
    Sums all = sumOver(every, [&](uint32_t i, Sums& part) {
      addChoice(problem_, terms_, rows[i], atHigh[i], part);
      search_.choice[rows[i].id] = rows[i].models[atHigh[i]];
    });
    all.add(rows.decided);
    search_.levels.assign(1, std::move(between.open));
    return othersHold(all);
  }

  bool othersHold(const Sums& all) const {
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      if (l != limit_ && all.limit[l] > farthest(limit)) return false;
    }
    return true;
  }

  // What visit(row, sums) adds for each of some open rows.
  template <class Visit>
  Sums sumOver(const std::vector<uint32_t>& some, const Visit& visit) const {
    const compute::Chunks chunks(some.size(), kSlice);
    std::vector<Sums> parts(chunks.count(), Sums(problem_.limits.size()));
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i) visit(some[i], parts[chunk]);
    });
    Sums all(problem_.limits.size());
    for (const Sums& part : parts) all.add(part);
    return all;
  }

  // Every row's best model at a price.
  bool endAt(double price) {
    search_.prices = priced(price);
    decideAll(problem_, search_, cancel_);
    return othersHold(search_.levels[0].decided);
  }

  // What cannot hold by itself does not hold beside others.
  bool diverge() {
    endAt(highest_);
    return search_.diverged = true;
  }

  const Problem& problem_;
  const Terms& terms_;
  const compute::CancelFlag& cancel_;
  PriceSearch& search_;
  const double given_;  // the highest price, in natural units
  size_t limit_ = 0;    // the one that is priced
  double bound_ = 0, unit_ = 1, highest_ = 0;
  double first_ = 0;             // the sample's price
  double bottom_ = 0, top_ = 0;  // the best price is between
  bool holds_ = false;           // at the top: known
  const SampledProblem sample_;
  const double weight_;
};

}  // namespace

bool searchSinglePrice(const Problem& problem, const Terms& terms, const WarmStart* like, uint64_t seed, double highest,
                       PriceSearch& search, const compute::CancelFlag& cancel) {
  SinglePrice single(problem, terms, seed, highest, search, cancel);
  if (!single.choose() && problem.limits.size() > 1) return false;
  search.tau = 0;
  return single.run(like);
}

}  // namespace omnirouter::assignment
