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
// Larger searches are rare, and give their memory back.
constexpr size_t kRowsKept = 256;
// Bounds at so many prices: a few registers' worth.
constexpr size_t kFewBounds = 4, kMostBounds = 12;
constexpr double kNever = std::numeric_limits<double>::infinity();

bool hasFewLimits(const OpenPlan& plan) {
  return plan.prices().size() <= static_cast<Eigen::Index>(kMostBounds - kFewBounds);
}

// Further prices beside the plan's own: number b from 1 on, of limit l. Any prices bound any node; below a node that has
// spent the slack, or saved it, other prices than the root's bound best. These are guesses at them: shared prices raised
// and lowered together, own prices left out, and where there are few limits each raised by itself. Returns how many.
size_t otherPrices(const Problem& problem, const OpenPlan& plan, std::vector<double>& prices) {
  constexpr double kShared[] = {0.8, 1.25, 1.0};
  static_assert(std::size(kShared) == kFewBounds - 1);
  const size_t limits = problem.limits.size();
  const double* own = plan.prices().data();
  const size_t count = kFewBounds - 1 + (hasFewLimits(plan) ? limits : 0);
  prices.resize(count * limits);
  for (size_t b = 0; b < count; ++b) {
    double* y = prices.data() + b * limits;
    for (size_t l = 0; l < limits; ++l) {
      const bool shared = problem.limits[l].model == kAll;
      y[l] = own[l] * (b >= std::size(kShared) ? 1.0 : shared ? kShared[b] : b + 1 == std::size(kShared) ? 0.0 : 1.0);
    }
    if (b >= std::size(kShared)) {
      const size_t l = b - std::size(kShared);
      y[l] = 2 * own[l] + plan.scale().price[static_cast<Eigen::Index>(l)];
    }
  }
  return count;
}

template <size_t kBounds>
class DepthFirst {
 public:
  // In the memory of the search before.
  void start(const Problem& problem, const OpenPlan& plan, double gap, double enough, size_t nodeLimit,
             const compute::CancelFlag& cancel) {
    plan_ = &plan;
    cancel_ = &cancel;
    limits_ = problem.limits.size();
    rows_ = plan.rows().size();
    nodesLeft_ = nodeLimit;
    slack_ = plan.emptySlack();
    enough_ = enough;
    isEnough_ = enough > 0 && plan.violations() == 0 && plan.gap() <= enough;
    found_ = false;
    allowance_.resize(limits_);
    slotsOf_.resize(limits_);
    for (size_t l = 0; l < limits_; ++l) {
      const Limit& limit = problem.limits[l];
      allowance_[l] = tolerance(limit);
      const bool slots = limit.quantity == kRequests && limit.model != kAll && limit.group == kAll && !limit.atLeast;
      slotsOf_[l] = slots ? uint64_t{1} << limit.model : 0;
    }
    bestGap_ = plan.violations() == 0 ? std::min(gap, plan.gap()) : gap;
    orderRows();
    addReach();
    addPrices(problem);
    partial_.resize((rows_ + 1) * kBounds);
    partial_[0] = 0;
    for (size_t b = 1; b < kBounds; ++b) partial_[b] = -constant_[b];
    addFirstFrame();
    picked_.resize(rows_);
  }

  // How many nodes are left; 0: they or the time ran out.
  size_t run() {
    uint64_t full = 0;
    for (size_t l = 0; l < limits_; ++l)
      if (slack_[l] < 1) full |= slotsOf_[l];
    descend(0, 0, full);
    return nodesLeft_;
  }
  bool improved() const { return found_; }
  bool isEnough() const { return isEnough_; }
  // The best plan found: per depth, a row and its candidate.
  void moveTo(OpenPlan& plan) const {
    for (size_t d = 0; d < rows_; ++d) {
      const OpenPlan::Move move{order_[d], best_[d]};
      plan.apply({&move, 1});
    }
  }
  void forget() {
    if (rows_ > kRowsKept) *this = {};
  }

 private:
  // A model that a row may get.
  struct Option {
    size_t candidate;
    uint8_t model;
    double regret, objective;
  };
  // What every row from some depth on costs at least at all prices, without models that are full, and their sums.
  struct Frame {
    uint64_t full = 0;
    std::vector<double> least, sum;  // depths x prices
    // Per depth, the models that the rows from there on have at the plan's own prices.
    std::vector<uint64_t> winners;
  };

  std::span<const Option> options(size_t depth) const {
    return {options_.data() + starts_[depth], options_.data() + starts_[depth + 1]};
  }
  const double* valueOf(const Option& option) const {
    return value_.data() + static_cast<size_t>(&option - options_.data()) * kBounds;
  }

  // Rows with most to lose first: their choice is nearly forced, and errors show early. Candidates whose regret alone
  // is no less than the gap are in no better plan (reduced-cost fixing).
  void orderRows() {
    const auto& candidates = plan_->candidates();
    stake_.resize(rows_);
    order_.resize(rows_);
    std::iota(order_.begin(), order_.end(), size_t{0});
    const auto kept = [&](const OpenPlan::Row& row, size_t c) {
      return c == row.chosen || candidates[c].regret < bestGap_;
    };
    for (size_t row = 0; row < rows_; ++row) {
      const OpenPlan::Row& r = plan_->rows()[row];
      double least = kNever, second = kNever;
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) {
        if (!kept(r, c)) continue;
        second = std::min(second, std::max(candidates[c].regret, least));
        least = std::min(least, candidates[c].regret);
      }
      stake_[row] = second;
    }
    std::sort(order_.begin(), order_.end(),
              [&](size_t a, size_t b) { return stake_[a] != stake_[b] ? stake_[a] > stake_[b] : a < b; });
    options_.clear();
    starts_.assign(1, 0);
    for (const size_t row : order_) {
      const OpenPlan::Row& r = plan_->rows()[row];
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c)
        if (kept(r, c)) options_.push_back({c, candidates[c].model, candidates[c].regret, candidates[c].objective});
      std::sort(options_.begin() + static_cast<ptrdiff_t>(starts_.back()), options_.end(),
                [](const Option& a, const Option& b) {
                  return a.regret != b.regret ? a.regret < b.regret : a.candidate < b.candidate;
                });
      starts_.push_back(options_.size());
    }
  }

  std::span<const OpenPlan::Entry> entries(const Option& option) const {
    return plan_->entries(plan_->candidates()[option.candidate]);
  }

  // least_[d], most_[d]: what the rows from depth d on must and can add to every limit.
  void addReach() {
    least_.assign((rows_ + 1) * limits_, 0.0);
    most_.assign((rows_ + 1) * limits_, 0.0);
    amount_.resize(limits_);
    for (size_t d = rows_; d-- > 0;) {
      double *low = least_.data() + d * limits_, *high = most_.data() + d * limits_;
      std::fill_n(low, limits_, kNever);
      std::fill_n(high, limits_, -kNever);
      for (const Option& option : options(d)) {
        std::fill(amount_.begin(), amount_.end(), 0.0);
        for (const OpenPlan::Entry& e : entries(option)) amount_[static_cast<size_t>(e.limit)] += e.amount;
        for (size_t l = 0; l < limits_; ++l) {
          low[l] = std::min(low[l], amount_[l]);
          high[l] = std::max(high[l], amount_[l]);
        }
      }
      for (size_t l = 0; l < limits_; ++l) {
        low[l] += low[limits_ + l];
        high[l] += high[limits_ + l];
      }
    }
  }

  // Values of all options at all prices; number 0 are the regrets at the plan's own. All bounds are of the gap, the
  // objective less D of the plan's own prices. A plan may use the tolerance of every limit, worth its price.
  void addPrices(const Problem& problem) {
    const size_t others = otherPrices(problem, *plan_, otherPrices_);
    double chosen = 0, dearest = 0, magnitude = 0;
    for (size_t d = 0; d < rows_; ++d) {
      double high = -kNever, size = 0;
      for (const Option& option : options(d)) {
        high = std::max(high, option.objective);
        size = std::max(size, std::abs(option.objective));
      }
      chosen += plan_->chosen(order_[d]).objective;
      dearest += high;
      magnitude += size;
    }
    const double dual = chosen - plan_->gap();
    ceiling_ = dearest - dual;
    std::fill_n(constant_, kBounds, kNever);  // bounds nothing
    std::fill_n(margin_, kBounds, 0.0);
    for (size_t b = 1; b <= others; ++b) {
      const double* y = otherPrices_.data() + (b - 1) * limits_;
      constant_[b] = dual;
      margin_[b] = magnitude + std::abs(plan_->gap());
      for (size_t l = 0; l < limits_; ++l) {
        const double room = plan_->emptySlack()[l];
        constant_[b] += y[l] * (room + allowance_[l]);
        margin_[b] += y[l] * (std::abs(room) + std::abs(least_[l]) + std::abs(most_[l]));
      }
      margin_[b] *= 1e-12;
    }
    value_.assign(options_.size() * kBounds, 0.0);
    for (const Option& option : options_) {
      double* value = value_.data() + static_cast<size_t>(&option - options_.data()) * kBounds;
      value[0] = option.regret;
      for (size_t b = 1; b <= others; ++b) value[b] = option.objective;
      for (const OpenPlan::Entry& e : entries(option))
        for (size_t b = 1; b <= others; ++b)
          value[b] += otherPrices_[(b - 1) * limits_ + static_cast<size_t>(e.limit)] * e.amount;
    }
  }

  void addFirstFrame() {
    if (frames_.size() < rows_ + 1) frames_.resize(rows_ + 1);
    models_.resize(rows_);
    for (size_t d = 0; d < rows_; ++d) {
      models_[d] = 0;
      for (const Option& option : options(d)) models_[d] |= uint64_t{1} << option.model;
    }
    Frame& first = frames_[0];
    first.full = ~uint64_t{0};  // so that no row's least is taken from it
    addFrame(0, first, 0, 0);
  }

  // From another frame, of models that are all full in this one too.
  void addFrame(size_t at, const Frame& before, size_t depth, uint64_t full) {
    Frame& frame = frames_[at];
    const uint64_t more = full ^ before.full;
    frame.full = full;
    frame.least.resize(rows_ * kBounds);
    frame.sum.resize((rows_ + 1) * kBounds);
    frame.winners.resize(rows_ + 1);
    std::fill_n(frame.sum.data() + rows_ * kBounds, kBounds, 0.0);
    uint64_t winners = frame.winners[rows_] = 0;
    for (size_t d = rows_; d-- > depth;) {
      double* least = frame.least.data() + d * kBounds;
      if ((models_[d] & more) == 0) {
        std::copy_n(before.least.data() + d * kBounds, kBounds, least);
      } else {
        std::fill_n(least, kBounds, kNever);
        for (const Option& option : options(d)) {
          if ((full >> option.model & 1) != 0) continue;
          const double* value = valueOf(option);
          for (size_t b = 0; b < kBounds; ++b) least[b] = value[b] < least[b] ? value[b] : least[b];
        }
      }
      double* sum = frame.sum.data() + d * kBounds;
      for (size_t b = 0; b < kBounds; ++b) sum[b] = least[b] + sum[kBounds + b];
      for (const Option& option : options(d)) {
        if ((full >> option.model & 1) != 0) continue;
        winners |= uint64_t{1} << option.model;  // they come in the order of their regrets
        break;
      }
      frame.winners[d] = winners;
    }
  }

  // Improvements below rounding are none.
  double bestToBeat() const { return bestGap_ - 1e-13 * std::abs(plan_->objective()); }

  // Whether no plan better than the best can be below: `unused` is the priced slack that is left over in any case.
  bool hopeless(size_t depth, size_t frame, double unused) const {
    const double* partial = partial_.data() + depth * kBounds;
    const double* sum = frames_[frame].sum.data() + depth * kBounds;
    const double best = bestToBeat();
    if (partial[0] + sum[0] + unused >= best) return true;
    const double limit = std::min(best, ceiling_);
    int above = 0;
    for (size_t b = 1; b < kBounds; ++b) above |= partial[b] + sum[b] > limit + margin_[b];
    return above != 0;
  }

  // `full`: models without a slot left.
  void descend(size_t depth, size_t frame, uint64_t full) {
    if (nodesLeft_ == 0 || isEnough_) return;
    if ((--nodesLeft_ & 1023) == 0) {
      cancel_->throwIfRaised();
      if (cancel_->timeIsUp()) {
        nodesLeft_ = 0;
        return;
      }
    }
    const double *least = least_.data() + depth * limits_, *most = most_.data() + depth * limits_;
    const double *slack = slack_.data(), *prices = plan_->prices().data();
    double unused = 0;
    for (size_t l = 0; l < limits_; ++l) {
      if (slack[l] - least[l] < -allowance_[l]) return;
      if (slack[l] > most[l]) unused += prices[l] * (slack[l] - most[l]);
    }
    if (hopeless(depth, frame, unused)) return;
    if (depth == rows_) {
      double gap = partial_[depth * kBounds];
      for (size_t l = 0; l < limits_; ++l) gap += prices[l] * slack[l];
      if (gap >= bestGap_) return;
      bestGap_ = gap;
      isEnough_ = enough_ > 0 && gap <= enough_;
      best_ = picked_;
      found_ = true;
      return;
    }
    // Where no row would have a model that ran full, they are bounded well enough as they are.
    if ((full & ~frames_[frame].full & frames_[frame].winners[depth]) != 0) {
      addFrame(depth, frames_[frame], depth, full);
      frame = depth;
      nodesLeft_ -= std::min(nodesLeft_, (rows_ - depth) / kRowsPerNode);
      if (hopeless(depth, frame, unused)) return;
    }
    const double* partial = partial_.data() + depth * kBounds;
    double* next = partial_.data() + (depth + 1) * kBounds;
    for (const Option& option : options(depth)) {
      if ((full >> option.model & 1) != 0) continue;
      // They come in the order of their regrets.
      if (partial[0] + option.regret + frames_[frame].sum[(depth + 1) * kBounds] >= bestToBeat()) break;
      const double* value = valueOf(option);
      for (size_t b = 0; b < kBounds; ++b) next[b] = partial[b] + value[b];
      if (hopeless(depth + 1, frame, 0)) continue;
      uint64_t then = full;
      for (const OpenPlan::Entry& e : entries(option)) {
        const auto l = static_cast<size_t>(e.limit);
        slack_[l] -= e.amount;
        if (slack_[l] < 1) then |= slotsOf_[l];
      }
      picked_[depth] = option.candidate;
      descend(depth + 1, frame, then);
      for (const OpenPlan::Entry& e : entries(option)) slack_[static_cast<size_t>(e.limit)] += e.amount;
    }
  }

  const OpenPlan* plan_ = nullptr;
  const compute::CancelFlag* cancel_ = nullptr;
  size_t limits_ = 0, rows_ = 0;
  std::vector<double> allowance_;
  std::vector<uint64_t> slotsOf_;  // per limit, the model whose requests it counts, as a bit, or 0
  size_t nodesLeft_ = 0;
  std::vector<double> slack_;
  std::vector<size_t> order_;          // per depth, the row
  std::vector<size_t> picked_, best_;  // per depth, the candidate
  bool found_ = false;
  std::vector<Option> options_;   // by depth, by regret
  std::vector<size_t> starts_;    // per depth
  std::vector<uint64_t> models_;  // per depth, those of the row's options
  std::vector<double> least_, most_, amount_, stake_, otherPrices_;
  std::vector<double> value_;                   // options x prices
  double constant_[kBounds], margin_[kBounds];  // per prices: what the bounds subtract, and their rounding
  std::vector<double> partial_;                 // depths x prices: of the rows settled above
  std::vector<Frame> frames_;                   // per depth where models ran full
  double enough_ = 0;
  bool isEnough_ = false;                  // the best plan's gap
  double bestGap_ = 0, ceiling_ = kNever;  // no plan's gap is above the ceiling
};

template <size_t kBounds>
Exact searchWith(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
                 const compute::CancelFlag& cancel) {
  thread_local DepthFirst<kBounds> search;
  search.start(problem, plan, gap, enough, nodeLimit, cancel);
  const size_t left = search.run();
  if (search.improved()) search.moveTo(plan);
  const Exact exact{search.improved(), left > 0 && !search.isEnough(), search.isEnough(), nodeLimit - left};
  search.forget();
  return exact;
}

}  // namespace

Exact searchExact(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
                  const compute::CancelFlag& cancel) {
  return hasFewLimits(plan) ? searchWith<kMostBounds>(problem, plan, gap, enough, nodeLimit, cancel)
                            : searchWith<kFewBounds>(problem, plan, gap, enough, nodeLimit, cancel);
}

}  // namespace omnirouter::assignment
