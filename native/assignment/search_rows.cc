#include "assignment/search_rows.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr uint32_t kDead = ~uint32_t{0};

}  // namespace

void SearchRows::arrange(const Problem& problem, const OpenPlan& plan, double most, int group) {
  findLimits(problem, plan, group);
  orderRows(problem, plan, most);
  addOptions(plan, most);
}

// A limit without a price that no choice of the rows can break is dead.
void SearchRows::findLimits(const Problem& problem, const OpenPlan& plan, int group) {
  const size_t count = problem.limits.size();
  // At the most, that is: every candidate of a row counted.
  most_.assign(count, 0.0);
  for (const OpenPlan::Candidate& candidate : plan.candidates())
    for (const OpenPlan::Entry& e : plan.entries(candidate))
      most_[static_cast<size_t>(e.limit)] += std::max(0.0, e.amount);
  limits_.clear();
  for (size_t l = 0; l < count; ++l) {
    const Limit& limit = problem.limits[l];
    if (group != kAll && limit.group != group) continue;
    const double price = plan.prices()[static_cast<Eigen::Index>(l)], allowance = kSearched * rounding(limit);
    const double slack = plan.emptySlack()[l] + allowance;
    const bool slots = limit.quantity == kRequests && limit.model != kAll && limit.group == kAll && !limit.atLeast;
    if (price > 0 || !(slack - most_[l] >= 0))
      limits_.push_back({l, price, slack, allowance, slots ? uint64_t{1} << limit.model : 0});
  }
  static_assert(kAll < 0);
  const auto groupOf = [&](const Live& live) { return problem.limits[live.limit].group; };
  std::sort(limits_.begin(), limits_.end(), [&](const Live& a, const Live& b) {
    return groupOf(a) != groupOf(b) ? groupOf(a) < groupOf(b) : a.limit < b.limit;
  });
  common_ = 0;
  liveOf_.assign(count, kDead);
  for (size_t i = 0; i < limits_.size(); ++i) {
    liveOf_[limits_[i].limit] = static_cast<uint32_t>(i);
    common_ += groupOf(limits_[i]) == kAll;
  }
}

void SearchRows::orderRows(const Problem& problem, const OpenPlan& plan, double most) {
  const size_t rows = plan.rows().size();
  blockOf_.resize(rows);
  stake_.resize(rows);
  blocks_.clear();
  blockOfGroup_.assign(problem.groupCount, kDead);
  for (size_t i = common_; i < limits_.size(); ++i) {
    const auto group = static_cast<size_t>(problem.limits[limits_[i].limit].group);
    if (blockOfGroup_[group] == kDead) {
      blockOfGroup_[group] = static_cast<uint32_t>(blocks_.size());
      blocks_.push_back({0, 0, i, i});
    }
    blocks_.back().lastLimit = i + 1;
  }
  blocks_.push_back({0, 0, limits_.size(), limits_.size()});
  const auto last = static_cast<uint32_t>(blocks_.size() - 1);
  for (size_t i = 0; i < rows; ++i) {
    const OpenPlan::Row& row = plan.rows()[i];
    blockOf_[i] = std::min(last, blockOfGroup_[problem.group(row.id)]);
    ++blocks_[blockOf_[i]].lastRow;  // a count at first
    double least = kNever, second = kNever;
    for (size_t c = row.firstCandidate; c < row.lastCandidate; ++c) {
      const double regret = plan.candidates()[c].regret;
      if (!(regret < most)) continue;
      second = std::min(second, std::max(regret, least));
      least = std::min(least, regret);
    }
    stake_[i] = second;
  }
  for (size_t b = 0; b < blocks_.size(); ++b) {
    blocks_[b].firstRow = b == 0 ? 0 : blocks_[b - 1].lastRow;
    blocks_[b].lastRow += blocks_[b].firstRow;
  }
  order_.resize(rows);
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    if (blockOf_[a] != blockOf_[b]) return blockOf_[a] < blockOf_[b];
    return stake_[a] != stake_[b] ? stake_[a] > stake_[b] : a < b;
  });
}

void SearchRows::addOptions(const OpenPlan& plan, double most) {
  options_.clear();
  entries_.clear();
  starts_.assign(1, 0);
  for (const size_t i : order_) {
    const OpenPlan::Row& row = plan.rows()[i];
    for (size_t c = row.firstCandidate; c < row.lastCandidate; ++c) {
      const OpenPlan::Candidate& candidate = plan.candidates()[c];
      // Where memory changed under the solve all may be infinite: one of them is the row's.
      const bool only = c + 1 == row.lastCandidate && options_.size() == starts_.back();
      if (!(candidate.regret < most) && candidate.regret > 0 && !only) continue;
      options_.push_back({c, candidate.model, candidate.regret, entries_.size(), 0});
      for (const OpenPlan::Entry& e : plan.entries(candidate))
        if (const uint32_t live = liveOf_[static_cast<size_t>(e.limit)]; live != kDead)
          entries_.push_back({live, e.amount});
      options_.back().lastEntry = entries_.size();
    }
    std::sort(options_.begin() + static_cast<ptrdiff_t>(starts_.back()), options_.end(),
              [](const Option& a, const Option& b) {
                return a.regret != b.regret ? a.regret < b.regret : a.candidate < b.candidate;
              });
    starts_.push_back(options_.size());
  }
}

}  // namespace omnirouter::assignment
