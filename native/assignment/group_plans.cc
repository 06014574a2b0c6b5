#include "assignment/group_plans.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "assignment/exact.h"
#include "assignment/joined_plans.h"
#include "assignment/open_plan.h"
#include "assignment/recovery.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr size_t kMostGroups = 64;
// Steps of the prices; the step is halved after so many that gain nothing.
constexpr int kSteps = 20, kVain = 3;
// Where no plan is known, one is taken to lie as far above the bound as that lies above D, or at least this share of it.
constexpr double kExpectedGap = 1e-3;
// Plans that are joined, of all groups; at most so many of one are ranked.
constexpr size_t kJoined = 400, kRanked = 48;
// Where plans cannot be joined: how often prices rise, by which share of theirs and of the natural ones at least, and plans
// of each group that are ranked then.
constexpr int kTurns = 20;
constexpr double kRaise = 0.1, kLeastRaise = 0.02;
constexpr size_t kRankedAgain = 16;
// Mended to a larger gap than this, row by row, a plan is sought further.
constexpr double kGoodGap = 0.02;
// Models open in a group beside the rows' best: at first, and where one plan of it is enough.
constexpr size_t kOpenAtFirst = 12, kOpenEnough = 64;
// Nodes of one group's search. They cost an eighth of those of all groups together, whose limits are many.
constexpr size_t kNodes = 2000, kCheap = 8;

class GroupSearch {
 public:
  GroupSearch(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale, size_t nodeLimit,
              const compute::CancelFlag& cancel)
      : problem_(problem), terms_(terms), rows_(rows), scale_(scale), cancel_(cancel), nodesLeft_(kCheap * nodeLimit) {
    groups_.resize(problem.groupCount);
    for (size_t i = 0; i < rows.size(); ++i) groups_[rows.groupOf(i)].rows.push_back(i);
    std::erase_if(groups_, [](const Group& group) { return group.rows.empty(); });
    for (size_t l = 0; l < problem.limits.size(); ++l)
      if (problem.limits[l].group == kAll) common_.push_back(l);
  }

  VertexPlan run(Eigen::VectorXd& prices, double gapTolerance, double least, uint8_t* choice) {
    VertexPlan plan;
    double cost = costOf(choice);
    const double bound = climb(prices, least, cost);
    rank(prices, std::min(kRanked, std::max<size_t>(1, kJoined / groups_.size())));
    plan.exhausted = impossible_;
    plan.least = std::max(0.0, bound - dualAtBest_ - 2 * searchRounding(problem_, prices, bound));
    if (!impossible_) improve(prices, bound, gapTolerance, cost, choice);
    plan.found = cost < kNever;
    plan.enough = plan.found && cost - bound <= gapTolerance * std::abs(cost);
    plan.nodes = nodesUsed_ / kCheap;
    return plan;
  }

 private:
  struct Plan {
    std::vector<uint8_t> candidate;  // per row of the group
    Sums sums;
  };
  struct Group {
    std::vector<size_t> rows;  // of the set
    std::vector<Plan> plans;
    size_t best = 0;             // of them, at the prices looked at last
    size_t open = kOpenAtFirst;  // models, where the next search begins
  };

  Sums sumsOf(const uint8_t* choice) const {
    Sums sums = rows_.decided;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const RowSet::Row row = rows_[i];
      addChoice(problem_, terms_, row, row.candidate(choice[row.id]), sums);
    }
    return sums;
  }

  // What a plan costs; kNever if it misses a limit.
  double costOf(const uint8_t* choice) const {
    const Sums sums = sumsOf(choice);
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      if (sums.limit[l] > farthest(limit)) return kNever;
    }
    return sums.objective;
  }

  // From prices where the bound is D + `least` at the least, to those of the best bound, which is returned. `cost` is a
  // plan's, or kNever.
  double climb(Eigen::VectorXd& prices, double least, double cost) {
    Eigen::VectorXd at = prices;
    double best = -kNever, share = 1;
    int vain = 0;
    for (int step = 0; step < kSteps && nodesLeft_ > 0 && !impossible_; ++step) {
      cancel_.throwIfRaised();
      double bound = rank(at, 1);
      if (step == 0) bound = std::max(bound, dual_ + least);
      if (bound > best) {
        best = bound;
        prices = at;
        dualAtBest_ = dual_;
        vain = 0;
      } else if (++vain == kVain) {
        share /= 2;
        vain = 0;
        at = prices;
        continue;
      }
      if (impossible_ || cancel_.mustEnd()) break;
      const double target = std::min(cost, best + std::max(best - dualAtBest_, kExpectedGap * std::abs(best)));
      if (target <= best || !advance(at, share * (target - bound))) break;
    }
    return best;
  }

  // Along the subgradient, as far as it promises a rise of `rise`. False where the groups' best plans hold all limits as
  // tightly as they are priced.
  bool advance(Eigen::VectorXd& at, double rise) const {
    std::vector<double> missed(common_.size());
    double norm = 0;
    for (size_t c = 0; c < common_.size(); ++c) {
      const auto l = static_cast<Eigen::Index>(common_[c]);
      for (const Group& group : groups_)
        if (!group.plans.empty()) missed[c] += group.plans[group.best].sums.limit[common_[c]];
      missed[c] = (missed[c] - slackOf(c)) * scale_.price[l];
      if (missed[c] < 0 && at[l] <= 0) missed[c] = 0;
      norm += missed[c] * missed[c];
    }
    if (norm == 0) return false;
    for (size_t c = 0; c < common_.size(); ++c) {
      const auto l = static_cast<Eigen::Index>(common_[c]);
      at[l] = std::max(0.0, at[l] + rise / norm * missed[c] * scale_.price[l]);
    }
    return true;
  }

  // What a common limit leaves to the groups.
  double slackOf(size_t c) const {
    const Limit& limit = problem_.limits[common_[c]];
    return limit.sign() * limit.bound - rows_.decided.limit[common_[c]];
  }

  // Ranks so many plans of every group at these prices; returns the bound.
  double rank(const Eigen::VectorXd& prices, size_t count) {
    prices_ = prices;
    reduced_.tabulate(problem_, {prices_.data(), static_cast<size_t>(prices_.size())});
    dual_ = rows_.decided.objective;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      dual_ += prices_[static_cast<Eigen::Index>(l)] *
               (rows_.decided.limit[l] - problem_.limits[l].sign() * problem_.limits[l].bound);
    double more = 0;
    for (Group& group : groups_) {
      addRegrets(group);
      more += rankGroup(group, count);
    }
    return dual_ + more;
  }

  void addRegrets(const Group& group) {
    regret_.clear();
    least_.clear();
    for (const size_t i : group.rows) {
      const RowSet::Row row = rows_[i];
      const size_t first = regret_.size();
      regret_.resize(first + row.models.size());
      least_.push_back(reduceRow(problem_, reduced_, row, regret_.data() + first));
      const double least = regret_[first + least_.back()];
      dual_ += least;
      for (size_t c = first; c < regret_.size(); ++c) {
        regret_[c] -= least;
        // Only memory that changed under the solve holds NaN; nothing is to be sorted by it.
        if (std::isnan(regret_[c])) regret_[c] = kNever;
      }
    }
  }

  // Wider and wider, until plans enough are found (iterative deepening, as in vertex_plan.h). Returns what they cost more
  // than D at least.
  double rankGroup(Group& group, size_t count) {
    double least = 0;
    for (size_t open = group.open;; open *= 2) {
      const double gap = gapOf(group.rows.size() + open);
      openGroup(group, gap);
      const Ranking ranking =
          rankPlans(problem_, plan_, rows_.groupOf(group.rows[0]), gap, count, std::min(nodesLeft_, kNodes), cancel_);
      nodesLeft_ -= ranking.nodes;
      nodesUsed_ += ranking.nodes;
      least = std::max(least, ranking.least);
      const size_t found = ranking.plans.size();
      if (found < count && gap < kNever && ranking.exhausted && (found == 0 || open < kOpenEnough)) continue;
      group.open = std::max(kOpenAtFirst, open / 2);
      impossible_ |= found == 0 && ranking.exhausted;
      for (size_t p = found; p-- > 0;) group.best = addPlan(group, ranking.plans[p]);
      return impossible_ ? 0 : least;
    }
  }

  // The regret of that rank.
  double gapOf(size_t rank) {
    if (rank >= regret_.size()) return kNever;
    sorted_ = regret_;
    const auto at = sorted_.begin() + static_cast<ptrdiff_t>(rank);
    std::nth_element(sorted_.begin(), at, sorted_.end());
    return *at;
  }

  // The group's rows in plan_, of which only those are open that have another model with a regret below `gap`.
  void openGroup(const Group& group, double gap) {
    set_.clear(problem_.quantities.size(), problem_.limits.size());
    set_.decided = rows_.decided;
    openRows_.clear();
    keep_.clear();
    for (size_t i = 0, first = 0; i < group.rows.size(); first += rows_.candidatesOf(group.rows[i]), ++i) {
      const RowSet::Row row = rows_[group.rows[i]];
      uint64_t keep = uint64_t{1} << least_[i];
      for (size_t c = 0; c < row.models.size(); ++c) keep |= static_cast<uint64_t>(regret_[first + c] < gap) << c;
      if (std::popcount(keep) == 1) {
        addChoice(problem_, terms_, row, least_[i], set_.decided);
      } else {
        set_.add(row, keep);
        openRows_.push_back(i);
        keep_.push_back(keep);
      }
    }
    plan_.start(problem_, terms_, scale_, prices_, set_.decided);
    for (size_t i = 0; i < set_.size(); ++i) {
      const uint64_t below = (uint64_t{1} << least_[openRows_[i]]) - 1;
      plan_.add(set_[i], static_cast<size_t>(std::popcount(keep_[i] & below)));
    }
  }

  // A plan of plan_'s candidates; returns its number.
  size_t addPlan(Group& group, const std::vector<size_t>& candidates) {
    Plan plan{std::vector<uint8_t>(least_.begin(), least_.end()), Sums(problem_.limits.size())};
    for (size_t i = 0; i < openRows_.size(); ++i) {
      const RowSet::Row row = rows_[group.rows[openRows_[i]]];
      plan.candidate[openRows_[i]] = static_cast<uint8_t>(row.candidate(plan_.candidates()[candidates[i]].model));
    }
    for (size_t p = 0; p < group.plans.size(); ++p)
      if (group.plans[p].candidate == plan.candidate) return p;
    for (size_t i = 0; i < group.rows.size(); ++i)
      addChoice(problem_, terms_, rows_[group.rows[i]], plan.candidate[i], plan.sums);
    group.plans.push_back(std::move(plan));
    return group.plans.size() - 1;
  }

  // To a plan that costs less than `cost`, if groups' plans can be joined and mended to one. Where they cannot, prices of
  // the limits missed rise, for plans that take less of these.
  void improve(const Eigen::VectorXd& prices, double bound, double gapTolerance, double& cost, uint8_t* choice) {
    Eigen::VectorXd at = prices;
    std::vector<uint8_t> joined(choice, choice + problem_.rows), nearest;
    double least = kNever;
    const auto mend = [&](std::vector<uint8_t>& plan) {
      recover(problem_, terms_, rows_, scale_, prices, 0, gapTolerance, plan.data(), cancel_);
      const double theirs = costOf(plan.data());
      if (theirs < cost) {
        cost = theirs;
        std::copy(plan.begin(), plan.end(), choice);
      }
      return theirs < kNever && theirs - bound <= kGoodGap * std::abs(theirs);
    };
    for (int turn = 0; turn < kTurns && nodesLeft_ > 0 && !cancel_.mustEnd(); ++turn) {
      cancel_.throwIfRaised();
      if (turn > 0) rank(at, kRankedAgain);
      if (!join(at, joined.data())) return;
      const double missed = raiseMissed(joined.data(), at);
      if (missed < least) {
        least = missed;
        nearest = joined;
      }
      if ((turn == 0 || missed == 0) && (mend(joined) || missed == 0)) return;
    }
    if (!nearest.empty()) mend(nearest);
  }

  // Raises the prices of the common limits that are missed; returns by how much they are, in natural units.
  double raiseMissed(const uint8_t* choice, Eigen::VectorXd& prices) const {
    const Sums sums = sumsOf(choice);
    double missed = 0;
    for (const size_t l : common_) {
      const Limit& limit = problem_.limits[l];
      const double excess = sums.limit[l] - limit.sign() * limit.bound;
      if (excess <= rounding(limit)) continue;
      double& price = prices[static_cast<Eigen::Index>(l)];
      const double natural = scale_.price[static_cast<Eigen::Index>(l)];
      price += std::max(kRaise * price, kLeastRaise * natural);
      missed += excess * natural;
    }
    return missed;
  }

  // False where a group has no plan.
  bool join(const Eigen::VectorXd& prices, uint8_t* choice) const {
    const size_t most = std::max<size_t>(2, kJoined / groups_.size());
    // Limits in natural units.
    std::vector<double> slack, price, use(common_.size());
    for (size_t c = 0; c < common_.size(); ++c) {
      const auto l = static_cast<Eigen::Index>(common_[c]);
      slack.push_back((slackOf(c) + rounding(problem_.limits[common_[c]])) * scale_.price[l]);
      price.push_back(prices[l] / scale_.price[l]);
    }
    JoinedPlans joined(slack, price);
    std::vector<std::vector<size_t>> order(groups_.size());
    for (size_t g = 0; g < groups_.size(); ++g) {
      const std::vector<Plan>& plans = groups_[g].plans;
      if (plans.empty()) return false;
      std::vector<double> value;
      for (size_t p = 0; p < plans.size(); ++p) {
        value.push_back(plans[p].sums.objective);
        for (const size_t l : common_) value[p] += prices[static_cast<Eigen::Index>(l)] * plans[p].sums.limit[l];
        if (std::isnan(value[p])) value[p] = kNever;
        order[g].push_back(p);
      }
      std::sort(order[g].begin(), order[g].end(),
                [&](size_t a, size_t b) { return value[a] != value[b] ? value[a] < value[b] : a < b; });
      order[g].resize(std::min(most, order[g].size()));
      joined.addGroup();
      for (const size_t p : order[g]) {
        for (size_t c = 0; c < common_.size(); ++c)
          use[c] = plans[p].sums.limit[common_[c]] * scale_.price[static_cast<Eigen::Index>(common_[c])];
        joined.addPlan(value[p], use);
      }
    }
    const std::vector<size_t> chosen = joined.join(cancel_);
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Plan& plan = groups_[g].plans[order[g][chosen[g]]];
      for (size_t i = 0; i < groups_[g].rows.size(); ++i) {
        const RowSet::Row row = rows_[groups_[g].rows[i]];
        choice[row.id] = row.models[plan.candidate[i]];
      }
    }
    return true;
  }

  const Problem& problem_;
  const Terms& terms_;
  const RowSet& rows_;
  const Scale& scale_;
  const compute::CancelFlag& cancel_;
  std::vector<Group> groups_;
  std::vector<size_t> common_;  // limits of all groups
  size_t nodesLeft_, nodesUsed_ = 0;
  bool impossible_ = false;  // a group has no plan that holds its own limits
  double dualAtBest_ = 0;
  // At the prices looked at last.
  Eigen::VectorXd prices_;
  Reduced reduced_;
  double dual_ = 0;
  // Of one group.
  std::vector<double> regret_, sorted_;  // of every candidate
  std::vector<size_t> least_;            // per row, the candidate without a regret
  RowSet set_;
  std::vector<size_t> openRows_;  // of the group
  std::vector<uint64_t> keep_;    // their candidates
  OpenPlan plan_;
};

}  // namespace

bool suitsGroupPlans(const Problem& problem) {
  return problem.groupCount > 1 && problem.groupCount <= kMostGroups &&
         std::any_of(problem.limits.begin(), problem.limits.end(),
                     [](const Limit& limit) { return limit.group != kAll; });
}

VertexPlan planByGroups(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                        Eigen::VectorXd& prices, double gapTolerance, double least, size_t nodeLimit, uint8_t* choice,
                        const compute::CancelFlag& cancel) {
  return GroupSearch(problem, terms, rows, scale, nodeLimit, cancel).run(prices, gapTolerance, least, choice);
}

}  // namespace omnirouter::assignment
