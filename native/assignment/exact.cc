#include "assignment/exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "assignment/recovery.h"

namespace omnirouter::assignment {

namespace {

// Bounding so many rows afresh takes as long as a node.
constexpr size_t kRowsPerNode = 32;
constexpr double kNever = std::numeric_limits<double>::infinity();

// Further prices beside the plan's own. Any prices bound any node; below a node that has spent the slack, or saved it,
// other prices than the root's bound best. These are guesses at them: shared prices raised and lowered together, own
// prices left out, and where there are few limits each raised by itself.
std::vector<Eigen::VectorXd> otherPrices(const Problem& problem, const OpenPlan& plan, const Eigen::VectorXd& unit) {
  constexpr Eigen::Index kFewLimits = 8;
  std::vector<Eigen::VectorXd> list;
  const Eigen::VectorXd& prices = plan.prices();
  const auto scaled = [&](double shared, double own) {
    Eigen::VectorXd y = prices;
    for (Eigen::Index l = 0; l < y.size(); ++l)
      y[l] *= problem.limits[static_cast<size_t>(l)].model == kAll ? shared : own;
    list.push_back(std::move(y));
  };
  for (const double factor : {1.0, 0.5, 0.8, 1.25, 2.0, 4.0}) scaled(factor, 1.0);
  scaled(1.0, 0.0);
  if (prices.size() <= kFewLimits)
    for (Eigen::Index l = 0; l < prices.size(); ++l) {
      list.push_back(prices);
      list.back()[l] = 2 * prices[l] + unit[l];
    }
  return list;
}

class DepthFirst {
 public:
  DepthFirst(const Problem& problem, const OpenPlan& plan, double gap, size_t nodeLimit,
             const compute::CancelFlag& cancel)
      : plan_(plan), cancel_(cancel), limits_(problem.limits.size()), nodesLeft_(nodeLimit), slack_(plan.emptySlack()) {
    for (const Limit& limit : problem.limits) {
      allowance_.push_back(tolerance(limit));
      const bool slots = limit.quantity == kRequests && limit.model != kAll && limit.group == kAll && !limit.atLeast;
      slotsOf_.push_back(slots ? uint64_t{1} << limit.model : 0);
    }
    rows_ = plan.rows().size();
    bestGap_ = plan.violations() == 0 ? std::min(gap, plan.gap()) : gap;
    orderRows();
    addReach();
    addPrices(problem);
    suffix_.resize(rows_ + 1);
    suffix_[0].resize((rows_ + 1) * bounds_);
    partial_.assign((rows_ + 1) * bounds_, 0.0);
    for (size_t b = 1; b < bounds_; ++b) partial_[b] = -constant_[b];
    addSuffix(0, 0, 0);
    picked_.resize(rows_);
  }

  // How many nodes are left; 0: they or the time ran out.
  size_t run() {
    descend(0, 0, 0);
    return nodesLeft_;
  }
  bool improved() const { return found_; }
  std::vector<OpenPlan::Move> moves() const {
    std::vector<OpenPlan::Move> moves;
    for (size_t row = 0; row < best_.size(); ++row) moves.push_back({row, best_[row]});
    return moves;
  }

 private:
  // Rows with most to lose first: their choice is nearly forced, and errors show early. Candidates whose regret alone
  // is no less than the gap are in no better plan (reduced-cost fixing).
  void orderRows() {
    order_.resize(rows_);
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::vector<double> stake(rows_);
    options_.resize(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      const OpenPlan::Row& r = plan_.rows()[row];
      auto& options = options_[row];
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c)
        if (c == r.chosen || plan_.candidates()[c].regret < bestGap_) options.push_back(c);
      std::sort(options.begin(), options.end(), [&](size_t a, size_t b) {
        const double ra = plan_.candidates()[a].regret, rb = plan_.candidates()[b].regret;
        return ra != rb ? ra < rb : a < b;
      });
      stake[row] = options.size() > 1 ? plan_.candidates()[options[1]].regret : kNever;
    }
    std::sort(order_.begin(), order_.end(),
              [&](size_t a, size_t b) { return stake[a] != stake[b] ? stake[a] > stake[b] : a < b; });
  }

  // least_[d], most_[d]: what the rows from depth d on must and can add to every limit.
  void addReach() {
    least_.assign((rows_ + 1) * limits_, 0.0);
    most_.assign((rows_ + 1) * limits_, 0.0);
    std::vector<double> low(limits_), high(limits_), amount(limits_);
    for (size_t d = rows_; d-- > 0;) {
      std::fill(low.begin(), low.end(), kNever);
      std::fill(high.begin(), high.end(), -kNever);
      for (const size_t c : options_[order_[d]]) {
        std::fill(amount.begin(), amount.end(), 0.0);
        for (const OpenPlan::Entry& e : plan_.entries(plan_.candidates()[c]))
          amount[static_cast<size_t>(e.limit)] += e.amount;
        for (size_t l = 0; l < limits_; ++l) {
          low[l] = std::min(low[l], amount[l]);
          high[l] = std::max(high[l], amount[l]);
        }
      }
      for (size_t l = 0; l < limits_; ++l) {
        least_[d * limits_ + l] = least_[(d + 1) * limits_ + l] + low[l];
        most_[d * limits_ + l] = most_[(d + 1) * limits_ + l] + high[l];
      }
    }
  }

  // Values of all candidates at all prices; number 0 are the regrets at the plan's own. All bounds are of the gap, the
  // objective less D of the plan's own prices. A plan may use the tolerance of every limit, worth its price.
  void addPrices(const Problem& problem) {
    const std::vector<Eigen::VectorXd> others = otherPrices(problem, plan_, plan_.scale().price);
    const auto& candidates = plan_.candidates();
    bounds_ = 1 + others.size();
    value_.resize(candidates.size() * bounds_);
    constant_.assign(bounds_, 0.0);
    margin_.assign(bounds_, 0.0);
    double chosen = 0, dearest = 0, magnitude = 0;
    for (size_t row = 0; row < rows_; ++row) {
      double high = -kNever, size = 0;
      for (const size_t c : options_[row]) {
        high = std::max(high, candidates[c].objective);
        size = std::max(size, std::abs(candidates[c].objective));
      }
      chosen += plan_.chosen(row).objective;
      dearest += high;
      magnitude += size;
    }
    const double dual = chosen - plan_.gap();
    ceiling_ = dearest - dual;
    for (size_t b = 1; b < bounds_; ++b) {
      const Eigen::VectorXd& y = others[b - 1];
      constant_[b] = dual;
      margin_[b] = magnitude + std::abs(plan_.gap());
      for (size_t l = 0; l < limits_; ++l) {
        const double price = y[static_cast<Eigen::Index>(l)], room = plan_.emptySlack()[l];
        constant_[b] += price * (room + allowance_[l]);
        margin_[b] += price * (std::abs(room) + std::abs(least_[l]) + std::abs(most_[l]));
      }
      margin_[b] *= 1e-12;
    }
    for (const std::vector<size_t>& options : options_)
      for (const size_t c : options) {
        value_[c * bounds_] = candidates[c].regret;
        for (size_t b = 1; b < bounds_; ++b) {
          double value = candidates[c].objective;
          for (const OpenPlan::Entry& e : plan_.entries(candidates[c])) value += others[b - 1][e.limit] * e.amount;
          value_[c * bounds_ + b] = value;
        }
      }
  }

  // suffix_[frame]: what the rows from each depth on cost at least at all prices, without the models in `full`.
  void addSuffix(size_t frame, size_t depth, uint64_t full) {
    std::vector<double>& suffix = suffix_[frame];
    suffix.resize((rows_ + 1) * bounds_);
    std::fill_n(suffix.begin() + static_cast<ptrdiff_t>(rows_ * bounds_), bounds_, 0.0);
    for (size_t d = rows_; d-- > depth;) {
      double* here = suffix.data() + d * bounds_;
      std::fill_n(here, bounds_, kNever);
      for (const size_t c : options_[order_[d]]) {
        if ((full >> plan_.candidates()[c].model & 1) != 0) continue;
        const double* value = value_.data() + c * bounds_;
        for (size_t b = 0; b < bounds_; ++b) here[b] = std::min(here[b], value[b]);
      }
      for (size_t b = 0; b < bounds_; ++b) here[b] += here[bounds_ + b];
    }
  }

  // Improvements below rounding are none.
  double bestToBeat() const { return bestGap_ - 1e-13 * std::abs(plan_.objective()); }

  // Whether no plan better than the best can be below: `unused` is the priced slack that is left over in any case.
  bool hopeless(size_t depth, size_t frame, double unused) const {
    const double* partial = partial_.data() + depth * bounds_;
    const double* suffix = suffix_[frame].data() + depth * bounds_;
    const double best = bestToBeat();
    if (partial[0] + suffix[0] + unused >= best) return true;
    const double limit = std::min(best, ceiling_);
    for (size_t b = 1; b < bounds_; ++b)
      if (partial[b] + suffix[b] > limit + margin_[b]) return true;
    return false;
  }

  void descend(size_t depth, size_t frame, uint64_t full) {
    if (nodesLeft_ == 0) return;
    if ((--nodesLeft_ & 1023) == 0) {
      cancel_.throwIfRaised();
      if (cancel_.timeIsUp()) {
        nodesLeft_ = 0;
        return;
      }
    }
    const double* least = least_.data() + depth * limits_;
    const double* most = most_.data() + depth * limits_;
    double unused = 0;
    uint64_t fullNow = 0;
    for (size_t l = 0; l < limits_; ++l) {
      if (slack_[l] - least[l] < -allowance_[l]) return;
      unused += plan_.prices()[static_cast<Eigen::Index>(l)] * std::max(0.0, slack_[l] - most[l]);
      if (slack_[l] < 1) fullNow |= slotsOf_[l];
    }
    if (hopeless(depth, frame, unused)) return;
    if (depth == rows_) {
      double gap = partial_[depth * bounds_];
      for (size_t l = 0; l < limits_; ++l) gap += plan_.prices()[static_cast<Eigen::Index>(l)] * slack_[l];
      if (gap >= bestGap_) return;
      bestGap_ = gap;
      best_ = picked_;
      found_ = true;
      return;
    }
    if (fullNow != full) {
      frame = depth;
      addSuffix(frame, depth, fullNow);
      nodesLeft_ -= std::min(nodesLeft_, (rows_ - depth) / kRowsPerNode);
      if (hopeless(depth, frame, unused)) return;
    }
    const size_t row = order_[depth];
    const double* partial = partial_.data() + depth * bounds_;
    double* next = partial_.data() + (depth + 1) * bounds_;
    for (const size_t c : options_[row]) {
      const OpenPlan::Candidate& candidate = plan_.candidates()[c];
      if ((fullNow >> candidate.model & 1) != 0) continue;
      const double* value = value_.data() + c * bounds_;
      // They come in the order of their regrets.
      if (partial[0] + value[0] + suffix_[frame][(depth + 1) * bounds_] >= bestToBeat()) break;
      for (size_t b = 0; b < bounds_; ++b) next[b] = partial[b] + value[b];
      if (hopeless(depth + 1, frame, 0)) continue;
      const auto entries = plan_.entries(candidate);
      for (const OpenPlan::Entry& e : entries) slack_[static_cast<size_t>(e.limit)] -= e.amount;
      picked_[row] = c;
      descend(depth + 1, frame, fullNow);
      for (const OpenPlan::Entry& e : entries) slack_[static_cast<size_t>(e.limit)] += e.amount;
    }
  }

  const OpenPlan& plan_;
  const compute::CancelFlag& cancel_;
  const size_t limits_;
  size_t rows_ = 0, bounds_ = 0;
  std::vector<double> allowance_;
  std::vector<uint64_t> slotsOf_;  // per limit, the model whose requests it counts, as a bit, or 0
  size_t nodesLeft_;
  std::vector<double> slack_;
  std::vector<size_t> order_, picked_, best_;
  bool found_ = false;
  std::vector<std::vector<size_t>> options_;
  std::vector<double> least_, most_;
  std::vector<double> value_;                // candidates x prices
  std::vector<double> constant_, margin_;    // per prices: what the bounds subtract, and their rounding
  std::vector<double> partial_;              // depths x prices: of the rows settled above
  std::vector<std::vector<double>> suffix_;  // per depth where models ran full, depths x prices
  double bestGap_, ceiling_ = kNever;        // no plan's gap is above the ceiling
};

}  // namespace

Exact searchExact(const Problem& problem, OpenPlan& plan, double gap, size_t nodeLimit,
                  const compute::CancelFlag& cancel) {
  DepthFirst search(problem, plan, gap, nodeLimit, cancel);
  const size_t left = search.run();
  if (search.improved()) plan.apply(search.moves());
  return {search.improved(), left > 0, nodeLimit - left};
}

}  // namespace omnirouter::assignment
