#include "assignment/exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "assignment/search_rows.h"

namespace omnirouter::assignment {

namespace {

// Bounding so many rows afresh takes as long as a node.
constexpr size_t kRowsPerNode = 32;
// Larger searches are rare, and give their memory back.
constexpr size_t kRowsKept = 256;
// It goes down by a call for each row, and a thread's stack may have 1 MB: more rows are not searched. They seldom could
// be to the end.
constexpr size_t kDeepest = 512;
// Nodes between two looks at what is left to do.
constexpr size_t kLook = 256;
// A group by itself may take this share of the nodes.
constexpr size_t kShare = 4;
// Bounds at so many prices: a few registers' worth.
constexpr size_t kFewBounds = 4, kMostBounds = 12;
// Of the objective, and of what prices and limits come to: improvements below their rounding are none.
constexpr double kRounding = 1e-13, kPricedRounding = 4e-15;
// Of what is summed for a bound at other prices.
constexpr double kBoundRounding = 1e-12;
constexpr double kNever = std::numeric_limits<double>::infinity();

// Gaps are counted with the tolerance of every limit, worth its price, as slacks have it here (search_rows.h): then none is
// below 0.
template <size_t kBounds>
class DepthFirst {
 public:
  // In the memory of the search before.
  Exact run(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
            const compute::CancelFlag& cancel) {
    if (!prepare(problem, plan, kAll, gap, enough, nodeLimit, cancel)) {
      *this = {};
      return {};
    }
    search();
    countNodes();
    Exact exact;
    exact.found = found_;
    exact.enough = isEnough_;
    exact.exhausted = nodesLeft_ > 0 && !isEnough_;
    exact.least = std::max(0.0, (exact.exhausted ? best_ : std::min(best_, least_)) - worth_);
    exact.nodes = nodeLimit - nodesLeft_;
    if (found_)
      for (size_t d = 0; d < rows_.size(); ++d) {
        const OpenPlan::Move move{rows_.row(d), bestPicked_[d]->candidate};
        plan.apply({&move, 1});
      }
    if (rows_.size() > kRowsKept) *this = {};
    return exact;
  }

  // In the memory of the search before, too.
  Ranking rank(const Problem& problem, const OpenPlan& plan, int group, double gap, size_t count, size_t nodeLimit,
               const compute::CancelFlag& cancel) {
    if (!prepare(problem, plan, group, gap, 0, nodeLimit, cancel)) return {};
    ranked_.clear();
    rankedCount_ = count;
    whole_ = false;
    begin(0, 0, rows_.limits().size());
    enter(0, 0, 0, 0);
    countNodes();
    rankedCount_ = 0;
    std::sort_heap(ranked_.begin(), ranked_.end());
    Ranking ranking;
    ranking.exhausted = nodesLeft_ > 0;
    if (ranking.exhausted) ranking.least = std::max(0.0, (ranked_.empty() ? best_ : ranked_.front().gap) - worth_);
    ranking.nodes = nodeLimit - nodesLeft_;
    for (Ranked& ranked : ranked_) ranking.plans.push_back(std::move(ranked.candidates));
    return ranking;
  }

 private:
  using Option = SearchRows::Option;
  using Block = SearchRows::Block;

  // What every row from some depth on costs at least at all prices, without models that are full, and their sums.
  struct Frame {
    uint64_t full = 0;
    std::vector<double> least, sum;  // depths x prices
    // Per depth, the models that the rows from there on have at the plan's own prices.
    std::vector<uint64_t> winners;
  };

  struct Ranked {
    double gap;
    std::vector<size_t> candidates;  // per row of the plan
    bool operator<(const Ranked& other) const { return gap < other.gap; }
  };

  // Of all limits, or of one group's; false where there are too many rows.
  bool prepare(const Problem& problem, const OpenPlan& plan, int group, double gap, double enough, size_t nodeLimit,
               const compute::CancelFlag& cancel) {
    cancel_ = &cancel;
    nodesLeft_ = nodeLimit;
    rounding_ = searchRounding(problem, plan.prices(), plan.objective());
    rows_.arrange(problem, plan, gap, group);
    if (rows_.size() > kDeepest) return false;
    cancel.count(compute::WorkKind::entries, rows_.optionCount() * (kBounds + rows_.limits().size()));
    start(gap, enough);
    addReach();
    addPrices(problem, plan);
    addFirstFrame();
    return true;
  }

  void start(double gap, double enough) {
    slack_.clear();
    worth_ = 0;
    for (const SearchRows::Live& limit : rows_.limits()) {
      slack_.push_back(limit.slack);
      worth_ += limit.price * limit.allowance;
    }
    best_ = gap + worth_;
    enough_ = enough > 0 ? enough + worth_ : -1;
    isEnough_ = found_ = isOver_ = false;
    sinceLook_ = 0;
    keptSlack_.resize(rows_.size() * slack_.size());
    picked_.resize(rows_.size());
    bestPicked_.resize(rows_.size());
    own_.assign(rows_.blocks().size(), 0.0);
    later_.assign(rows_.blocks().size(), 0.0);
    least_ = 0;
  }

  // lowest_, highest_: what the rows from some depth on must and can add to every limit.
  void addReach() {
    const size_t limits = rows_.limits().size();
    lowest_.assign((rows_.size() + 1) * limits, 0.0);
    highest_.assign((rows_.size() + 1) * limits, 0.0);
    amount_.assign(limits, 0.0);
    for (size_t d = rows_.size(); d-- > 0;) {
      double *low = lowest_.data() + d * limits, *high = highest_.data() + d * limits;
      std::fill_n(low, limits, kNever);
      std::fill_n(high, limits, -kNever);
      for (const Option& option : rows_.options(d)) {
        for (const SearchRows::Entry& e : rows_.entries(option)) amount_[e.limit] = e.amount;
        for (size_t i = 0; i < limits; ++i) {
          low[i] = std::min(low[i], amount_[i]);
          high[i] = std::max(high[i], amount_[i]);
        }
        for (const SearchRows::Entry& e : rows_.entries(option)) amount_[e.limit] = 0;
      }
      for (size_t i = 0; i < limits; ++i) {
        low[i] += low[limits + i];
        high[i] += high[limits + i];
      }
    }
  }

  // How much the prices number b lie above the plan's own. Any prices bound any node: as y' s >= 0, no plan has a gap below
  // sum_i rho_i + (y - y') s. Below a node that has spent the slack, or saved it, other prices than the root's bound best.
  // These are guesses at them: shared prices raised and lowered together, own prices left out, and where there are few
  // limits each raised by itself. Where groups are searched by themselves, it is their own limits' that vary.
  void addShifts(const Problem& problem, const OpenPlan& plan) {
    constexpr double kShared[] = {-0.2, 0.25, 0.0};
    static_assert(std::size(kShared) == kFewBounds - 1);
    const size_t limits = rows_.limits().size(), first = rows_.blocks().size() > 1 ? rows_.common() : 0;
    shift_.assign(kBounds * limits, 0.0);
    for (size_t i = first; i < limits; ++i) {
      const SearchRows::Live& live = rows_.limits()[i];
      const bool shared = problem.limits[live.limit].model == kAll;
      for (size_t b = 0; b < std::size(kShared); ++b)
        shift_[(b + 1) * limits + i] = live.price * (shared ? kShared[b] : b + 1 == std::size(kShared) ? -1.0 : 0.0);
      if (const size_t b = kFewBounds + i - first; b < kBounds)
        shift_[b * limits + i] = live.price + plan.scale().price[static_cast<Eigen::Index>(live.limit)];
    }
  }

  // Values of all options at all prices; number 0 are the regrets at the plan's own.
  void addPrices(const Problem& problem, const OpenPlan& plan) {
    addShifts(problem, plan);
    const size_t limits = rows_.limits().size();
    value_.resize(rows_.optionCount() * kBounds);
    for (size_t d = 0; d < rows_.size(); ++d)
      for (const Option& option : rows_.options(d)) {
        double* value = value_.data() + rows_.numberOf(option) * kBounds;
        std::fill_n(value, kBounds, option.regret);
        for (const SearchRows::Entry& e : rows_.entries(option))
          for (size_t b = 1; b < kBounds; ++b) value[b] += shift_[b * limits + e.limit] * e.amount;
      }
    for (size_t b = 0; b < kBounds; ++b) {
      double size = 0;
      for (size_t i = 0; i < limits; ++i)
        size += std::abs(shift_[b * limits + i]) * (std::abs(slack_[i]) + std::abs(lowest_[i]) + std::abs(highest_[i]));
      margin_[b] = kBoundRounding * size;
    }
    partial_.resize((rows_.size() + 1) * kBounds);
  }

  void addFirstFrame() {
    if (frames_.size() < rows_.size() + 1) frames_.resize(rows_.size() + 1);
    models_.assign(rows_.size(), 0);
    for (size_t d = 0; d < rows_.size(); ++d)
      for (const Option& option : rows_.options(d)) models_[d] |= uint64_t{1} << option.model;
    Frame& first = frames_[0];
    first.full = ~uint64_t{0};  // so that no row's least is taken from it
    addFrame(0, first, 0, 0);
  }

  // From another frame, of models that are all full in this one too.
  void addFrame(size_t at, const Frame& before, size_t depth, uint64_t full) {
    Frame& frame = frames_[at];
    const uint64_t more = full ^ before.full;
    const size_t rows = rows_.size();
    frame.full = full;
    frame.least.resize(rows * kBounds);
    frame.sum.resize((rows + 1) * kBounds);
    frame.winners.resize(rows + 1);
    std::fill_n(frame.sum.data() + rows * kBounds, kBounds, 0.0);
    uint64_t winners = frame.winners[rows] = 0;
    for (size_t d = rows; d-- > depth;) {
      double* least = frame.least.data() + d * kBounds;
      if ((models_[d] & more) == 0) {
        std::copy_n(before.least.data() + d * kBounds, kBounds, least);
      } else {
        std::fill_n(least, kBounds, kNever);
        for (const Option& option : rows_.options(d)) {
          if ((full >> option.model & 1) != 0) continue;
          const double* value = value_.data() + rows_.numberOf(option) * kBounds;
          for (size_t b = 0; b < kBounds; ++b) least[b] = value[b] < least[b] ? value[b] : least[b];
        }
      }
      double* sum = frame.sum.data() + d * kBounds;
      for (size_t b = 0; b < kBounds; ++b) sum[b] = least[b] + sum[kBounds + b];
      for (const Option& option : rows_.options(d)) {
        if ((full >> option.model & 1) != 0) continue;
        winners |= uint64_t{1} << option.model;  // they come in the order of their regrets
        break;
      }
      frame.winners[d] = winners;
    }
  }

  void search() {
    const size_t last = rows_.blocks().size() - 1;
    for (size_t b = 0; b < last; ++b) {
      own_[b] = searchBlock(b);
      if (own_[b] >= best_ - least_) return;
      least_ += own_[b];
    }
    for (size_t b = last; b-- > 0;) later_[b] = later_[b + 1] + own_[b + 1];
    if (last > 0) joinBlocks();
    if (isEnough_ || least_ >= toBeat()) return;
    whole_ = true;
    begin(0, 0, rows_.limits().size());
    enter(0, 0, 0, fullAtFirst());
  }

  // What a group's rows cost at least, or as much as is of interest; 0 where that is not known. Its best plan is picked.
  double searchBlock(size_t b) {
    const Block& block = rows_.blocks()[b];
    for (size_t d = block.firstRow; d < block.lastRow; ++d) bestPicked_[d] = &rows_.options(d).front();
    const double best = best_;
    const size_t nodes = nodesLeft_;
    best_ -= least_;
    nodesLeft_ = nodes / kShare;
    whole_ = false;
    begin(block.firstRow, block.firstLimit, block.lastLimit);
    enter(block.firstRow, b, 0, 0);
    const double own = nodesLeft_ > 0 ? best_ : 0;
    nodesLeft_ = isOver_ ? 0 : nodes - (nodes / kShare - nodesLeft_);
    best_ = best;
    found_ = false;
    return own;
  }

  // The groups' best plans together, with the best models of the other rows.
  void joinBlocks() {
    const Block& others = rows_.blocks().back();
    for (size_t d = others.firstRow; d < others.lastRow; ++d) bestPicked_[d] = &rows_.options(d).front();
    double gap = 0;
    joined_ = slack_;
    for (const Option* option : bestPicked_) {
      gap += option->regret;
      for (const SearchRows::Entry& e : rows_.entries(*option)) joined_[e.limit] -= e.amount;
    }
    for (size_t i = 0; i < joined_.size(); ++i) {
      if (joined_[i] < 0) return;
      gap += rows_.limits()[i].price * joined_[i];
    }
    if (gap >= toBeat()) return;
    best_ = gap;
    found_ = true;
    isEnough_ = gap <= enough_;
  }

  // The bounds before any row is settled, with some of the limits.
  void begin(size_t depth, size_t firstLimit, size_t lastLimit) {
    const size_t limits = rows_.limits().size();
    for (size_t b = 0; b < kBounds; ++b) {
      double& sum = partial_[depth * kBounds + b] = 0;
      for (size_t i = firstLimit; i < lastLimit; ++i) sum -= shift_[b * limits + i] * slack_[i];
    }
  }

  uint64_t fullAtFirst() const {
    uint64_t full = 0;
    for (size_t i = 0; i < slack_.size(); ++i)
      if (slack_[i] < 1) full |= rows_.limits()[i].slotsOf;
    return full;
  }

  double toBeat() const { return best_ - rounding_; }

  // Whether no plan better than the best can be below. `unused` is priced slack that is left over in any case.
  bool hopeless(size_t depth, size_t block, size_t frame, double unused) const {
    const double* partial = partial_.data() + depth * kBounds;
    const double* sum = frames_[frame].sum.data();
    const double *here = sum + depth * kBounds, *behind = sum + rows_.blocks()[block].lastRow * kBounds;
    const double best = toBeat();
    if (partial[0] + (here[0] - behind[0]) + std::max(later_[block], whole_ ? behind[0] : 0.0) + unused >= best)
      return true;
    int above = 0;
    for (size_t b = 1; b < kBounds; ++b)
      above |= partial[b] + (here[b] - (whole_ ? 0.0 : behind[b])) > best + margin_[b];
    return above != 0;
  }

  // A node: the rows before `depth` are settled. `full`: models without a slot left.
  void enter(size_t depth, size_t block, size_t frame, uint64_t full) {
    const SearchRows::Live* limits = rows_.limits().data();
    double* partial = partial_.data() + depth * kBounds;
    // The limits of a group whose rows are all settled hold, or not, and their slack is paid for.
    while (depth == rows_.blocks()[block].lastRow) {
      const Block& settled = rows_.blocks()[block];
      for (size_t i = settled.firstLimit; i < settled.lastLimit; ++i) {
        if (slack_[i] < 0) return;
        partial[0] += limits[i].price * slack_[i];
      }
      if (!whole_ || block + 1 == rows_.blocks().size()) {
        for (size_t i = 0; whole_ && i < rows_.common(); ++i) {
          if (slack_[i] < 0) return;
          partial[0] += limits[i].price * slack_[i];
        }
        return record(block, partial[0]);
      }
      ++block;
      if (partial[0] + own_[block] + later_[block] >= toBeat()) return;
    }
    const size_t count = rows_.limits().size();
    const double *low = lowest_.data() + depth * count, *high = highest_.data() + depth * count;
    double unused = 0;
    const auto holds = [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) {
        if (slack_[i] < low[i]) return false;
        if (slack_[i] > high[i]) unused += limits[i].price * (slack_[i] - high[i]);
      }
      return true;
    };
    if (!holds(rows_.blocks()[block].firstLimit, rows_.blocks()[block].lastLimit)) return;
    if (whole_ && !holds(0, rows_.common())) return;
    if (hopeless(depth, block, frame, unused)) return;
    // Where no row would have a model that ran full, they are bounded well enough as they are.
    if ((full & ~frames_[frame].full & frames_[frame].winners[depth]) != 0) {
      addFrame(depth, frames_[frame], depth, full);
      frame = depth;
      const size_t nodes = (rows_.size() - depth) / kRowsPerNode;
      nodesLeft_ -= std::min(nodesLeft_, nodes);
      sinceLook_ += nodes;
      if (hopeless(depth, block, frame, unused)) return;
    }
    descend(depth, block, frame, full);
  }

  void descend(size_t depth, size_t block, size_t frame, uint64_t full) {
    const double* partial = partial_.data() + depth * kBounds;
    double* next = partial_.data() + (depth + 1) * kBounds;
    const double* sum = frames_[frame].sum.data();
    const double rest = sum[(depth + 1) * kBounds] - sum[rows_.blocks()[block].lastRow * kBounds] + later_[block];
    for (const Option& option : rows_.options(depth)) {
      if ((full >> option.model & 1) != 0) continue;
      // They come in the order of their regrets.
      if (partial[0] + option.regret + rest >= toBeat()) break;
      const double* value = value_.data() + rows_.numberOf(option) * kBounds;
      for (size_t b = 0; b < kBounds; ++b) next[b] = partial[b] + value[b];
      if (hopeless(depth + 1, block, frame, 0)) continue;
      if (isEnough_ || !takeNode()) return;
      uint64_t then = full;
      // Slacks are put back as they were: what is subtracted and added again leaves the rounding of the greatest amount,
      // beside which others may be nothing.
      double* const kept = keptSlack_.data() + depth * slack_.size();
      size_t count = 0;
      for (const SearchRows::Entry& e : rows_.entries(option)) {
        kept[count++] = slack_[e.limit];
        slack_[e.limit] -= e.amount;
        if (slack_[e.limit] < 1) then |= rows_.limits()[e.limit].slotsOf;
      }
      picked_[depth] = &option;
      enter(depth + 1, block, frame, then);
      count = 0;
      for (const SearchRows::Entry& e : rows_.entries(option)) slack_[e.limit] = kept[count++];
    }
  }

  bool takeNode() {
    if (nodesLeft_ == 0) return false;
    --nodesLeft_;
    if (++sinceLook_ >= kLook) {
      cancel_->throwIfRaised();
      countNodes();
      if (cancel_->mustEnd()) {
        isOver_ = true;
        nodesLeft_ = 0;
      }
    }
    return nodesLeft_ > 0;
  }

  void countNodes() {
    cancel_->count(compute::WorkKind::nodes, sinceLook_);
    sinceLook_ = 0;
  }

  void record(size_t block, double gap) {
    if (gap >= toBeat()) return;
    if (rankedCount_ > 0) return keep(gap);
    best_ = gap;
    found_ = true;
    isEnough_ = whole_ && gap <= enough_;
    const auto first = static_cast<ptrdiff_t>(whole_ ? 0 : rows_.blocks()[block].firstRow);
    std::copy(picked_.begin() + first, picked_.begin() + static_cast<ptrdiff_t>(rows_.blocks()[block].lastRow),
              bestPicked_.begin() + first);
  }

  // One of the plans to be ranked: once there are enough of them, others must beat the last.
  void keep(double gap) {
    ranked_.push_back({gap, std::vector<size_t>(rows_.size())});
    for (size_t d = 0; d < rows_.size(); ++d) ranked_.back().candidates[rows_.row(d)] = picked_[d]->candidate;
    std::push_heap(ranked_.begin(), ranked_.end());
    if (ranked_.size() > rankedCount_) {
      std::pop_heap(ranked_.begin(), ranked_.end());
      ranked_.pop_back();
    }
    if (ranked_.size() == rankedCount_) best_ = ranked_.front().gap;
  }

  const compute::CancelFlag* cancel_ = nullptr;
  SearchRows rows_;
  std::vector<double> slack_, joined_;              // per limit
  std::vector<double> keptSlack_;                   // per depth, of the limits of the option picked, before it
  std::vector<double> lowest_, highest_;            // depths x limits
  std::vector<double> amount_;                      // per limit, of one option
  std::vector<double> shift_;                       // prices x limits
  std::vector<double> value_;                       // options x prices
  std::vector<double> partial_;                     // depths x prices: of the rows settled above
  double margin_[kBounds];                          // per prices, of rounding
  std::vector<Frame> frames_;                       // per depth where models ran full
  std::vector<uint64_t> models_;                    // per depth, those of the row's options
  std::vector<const Option*> picked_, bestPicked_;  // per depth
  std::vector<double> own_, later_;                 // per block: what it costs at least, and those behind it
  double least_ = 0;                                // sum of own_
  double worth_ = 0;                                // of the tolerances
  double rounding_ = 0;
  double best_ = 0, enough_ = 0;
  bool found_ = false, isEnough_ = false, isOver_ = false;
  bool whole_ = true;  // not a block by itself
  size_t nodesLeft_ = 0, sinceLook_ = 0;
  std::vector<Ranked> ranked_;  // a heap, the last first
  size_t rankedCount_ = 0;      // how many are wanted; 0: the best plan is
};

template <size_t kBounds>
Exact searchWith(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
                 const compute::CancelFlag& cancel) {
  thread_local DepthFirst<kBounds> search;
  return search.run(problem, plan, gap, enough, nodeLimit, cancel);
}

}  // namespace

double searchRounding(const Problem& problem, const Eigen::VectorXd& prices, double objective) {
  double size = 0;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    size += prices[static_cast<Eigen::Index>(l)] * std::abs(problem.limits[l].bound);
  return kRounding * std::abs(objective) + kPricedRounding * size;
}

Exact searchExact(const Problem& problem, OpenPlan& plan, double gap, double enough, size_t nodeLimit,
                  const compute::CancelFlag& cancel) {
  if (plan.violations() == 0) {
    gap = std::min(gap, plan.gap());
    if (enough > 0 && gap <= enough) return {false, false, true, 0, 0};
  }
  return plan.prices().size() <= static_cast<Eigen::Index>(kMostBounds - kFewBounds)
             ? searchWith<kMostBounds>(problem, plan, gap, enough, nodeLimit, cancel)
             : searchWith<kFewBounds>(problem, plan, gap, enough, nodeLimit, cancel);
}

Ranking rankPlans(const Problem& problem, const OpenPlan& plan, int group, double gap, size_t count, size_t nodeLimit,
                  const compute::CancelFlag& cancel) {
  thread_local DepthFirst<kFewBounds> search;
  return search.rank(problem, plan, group, gap, count, nodeLimit, cancel);
}

}  // namespace omnirouter::assignment
