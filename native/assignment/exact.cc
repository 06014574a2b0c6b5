#include "assignment/exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "assignment/recovery.h"

namespace omnirouter::assignment {

namespace {

class DepthFirst {
 public:
  DepthFirst(const Problem& problem, const OpenPlan& plan, size_t nodeLimit, const compute::CancelFlag& cancel)
      : plan_(plan), cancel_(cancel), limits_(problem.limits.size()), nodesLeft_(nodeLimit), slack_(plan.emptySlack()) {
    for (const Limit& limit : problem.limits) allowance_.push_back(tolerance(limit));
    const size_t rows = plan.rows().size();
    order_.resize(rows);
    std::iota(order_.begin(), order_.end(), size_t{0});
    // Rows with most to lose first: their choice is nearly forced, and errors show early.
    std::vector<double> stake(rows);
    options_.resize(rows);
    for (size_t row = 0; row < rows; ++row) {
      const OpenPlan::Row& r = plan.rows()[row];
      auto& options = options_[row];
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) options.push_back(c);
      std::sort(options.begin(), options.end(), [&](size_t a, size_t b) {
        const double ra = plan.candidates()[a].regret, rb = plan.candidates()[b].regret;
        return ra != rb ? ra < rb : a < b;
      });
      stake[row] = options.size() > 1 ? plan.candidates()[options[1]].regret : std::numeric_limits<double>::infinity();
    }
    std::sort(order_.begin(), order_.end(),
              [&](size_t a, size_t b) { return stake[a] != stake[b] ? stake[a] > stake[b] : a < b; });

    // least_[d], most_[d]: what the rows from depth d on must and can add to every limit.
    least_.assign((rows + 1) * limits_, 0.0);
    most_.assign((rows + 1) * limits_, 0.0);
    std::vector<double> low(limits_), high(limits_), amount(limits_);
    for (size_t d = rows; d-- > 0;) {
      std::fill(low.begin(), low.end(), std::numeric_limits<double>::infinity());
      std::fill(high.begin(), high.end(), -std::numeric_limits<double>::infinity());
      for (const size_t c : options_[order_[d]]) {
        std::fill(amount.begin(), amount.end(), 0.0);
        for (const OpenPlan::Entry& e : plan.entries(plan.candidates()[c]))
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
    picked_.resize(rows);
    bestGap_ = plan.violations() == 0 ? plan.gap() : std::numeric_limits<double>::infinity();
  }

  Search run() {
    descend(0, 0.0);
    return nodesLeft_ == 0 ? Search::nodeLimit : Search::exhausted;
  }
  bool improved() const { return !best_.empty(); }
  std::vector<OpenPlan::Move> moves() const {
    std::vector<OpenPlan::Move> moves;
    for (size_t row = 0; row < best_.size(); ++row) moves.push_back({row, best_[row]});
    return moves;
  }

 private:
  void descend(size_t depth, double regret) {
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
    double bound = regret;
    for (size_t l = 0; l < limits_; ++l) {
      if (slack_[l] - least[l] < -allowance_[l]) return;
      bound += plan_.prices()[static_cast<Eigen::Index>(l)] * std::max(0.0, slack_[l] - most[l]);
    }
    // Improvements below rounding are none.
    if (bound >= bestGap_ - 1e-13 * std::abs(plan_.objective())) return;
    if (depth == order_.size()) {
      double gap = regret;
      for (size_t l = 0; l < limits_; ++l) gap += plan_.prices()[static_cast<Eigen::Index>(l)] * slack_[l];
      if (gap >= bestGap_) return;
      bestGap_ = gap;
      best_ = picked_;
      return;
    }
    const size_t row = order_[depth];
    for (const size_t c : options_[row]) {
      const OpenPlan::Candidate& candidate = plan_.candidates()[c];
      const auto entries = plan_.entries(candidate);
      for (const OpenPlan::Entry& e : entries) slack_[static_cast<size_t>(e.limit)] -= e.amount;
      picked_[row] = c;
      descend(depth + 1, regret + candidate.regret);
      for (const OpenPlan::Entry& e : entries) slack_[static_cast<size_t>(e.limit)] += e.amount;
    }
  }

  const OpenPlan& plan_;
  const compute::CancelFlag& cancel_;
  const size_t limits_;
  std::vector<double> allowance_;
  size_t nodesLeft_;
  std::vector<double> slack_;
  std::vector<size_t> order_, picked_, best_;
  std::vector<std::vector<size_t>> options_;
  std::vector<double> least_, most_;
  double bestGap_;
};

}  // namespace

Search searchExact(const Problem& problem, OpenPlan& plan, size_t nodeLimit, const compute::CancelFlag& cancel) {
  DepthFirst search(problem, plan, nodeLimit, cancel);
  const Search outcome = search.run();
  if (search.improved()) plan.apply(search.moves());
  return outcome;
}

}  // namespace omnirouter::assignment
