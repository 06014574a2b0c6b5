#include "assignment/joined_plans.h"

#include <algorithm>

namespace omnirouter::assignment {

namespace {

// What a common limit is missed by costs so much in natural units, beside its price: at first, and at last.
constexpr double kPenalty = 1, kHighestPenalty = 100, kRaise = 10;
constexpr int kMostChanges = 200;
// Of the whole value: less is no gain.
constexpr double kGain = 1e-12;

}  // namespace

void JoinedPlans::addPlan(double value, std::span<const double> use) {
  groups_.back().value.push_back(value);
  groups_.back().use.insert(groups_.back().use.end(), use.begin(), use.end());
}

std::vector<size_t> JoinedPlans::join(const compute::CancelFlag& cancel) {
  value_ = 0;
  for (const Group& group : groups_) {
    value_ += group.value[group.chosen];
    for (size_t c = 0; c < left_.size(); ++c) left_[c] -= useOf(group, group.chosen)[c];
  }
  const auto holds = [&] { return std::all_of(left_.begin(), left_.end(), [](double left) { return left >= 0; }); };
  int changes = 0;
  for (penalty_ = kPenalty; penalty_ <= kHighestPenalty; penalty_ *= kRaise) {
    bool gains = true;
    while (gains && changes < kMostChanges && !cancel.mustEnd()) {
      cancel.throwIfRaised();
      examined_ = 0;
      gains = descend();
      cancel.count(compute::WorkKind::moves, examined_);
      changes += gains ? 1 : 0;
    }

    if (holds()) break;
  }
  std::vector<size_t> chosen;
  for (const Group& group : groups_) chosen.push_back(group.chosen);
  return chosen;
}

double JoinedPlans::slackCost(const double* left) const {
  double cost = 0;
  for (size_t c = 0; c < left_.size(); ++c) cost += std::max(price_[c] * left[c], -penalty_ * left[c]);
  return cost;
}

// The change of one group's plan that gains most, or where there is none of two groups' plans.
bool JoinedPlans::descend() {
  const size_t limits = left_.size();
  without_.resize(limits);
  withoutBoth_.resize(limits);
  const double now = value_ + slackCost(left_.data());
  double best = now - kGain * std::abs(value_);
  Change first, second;
  bool found = false;
  const auto leave = [&](const Group& group, size_t plan, const double* from, double* left) {
    const double *use = useOf(group, plan), *own = useOf(group, group.chosen);
    for (size_t c = 0; c < limits; ++c) left[c] = from[c] + own[c] - use[c];
  };
  for (size_t a = 0; a < groups_.size(); ++a)
    for (size_t p = 0; p < groups_[a].value.size(); ++p) {
      leave(groups_[a], p, left_.data(), without_.data());
      ++examined_;
      const double cost =
          value_ - groups_[a].value[groups_[a].chosen] + groups_[a].value[p] + slackCost(without_.data());
      if (cost >= best) continue;
      best = cost;
      first = second = {a, p};
      found = true;
    }
  for (size_t a = 0; a < groups_.size() && !found; ++a)
    for (size_t p = 0; p < groups_[a].value.size(); ++p) {
      if (p == groups_[a].chosen) continue;
      leave(groups_[a], p, left_.data(), without_.data());
      const double value = value_ - groups_[a].value[groups_[a].chosen] + groups_[a].value[p];
      for (size_t b = a + 1; b < groups_.size(); ++b) {
        const Group& other = groups_[b];
        const double valueWithout = value - other.value[other.chosen];
        for (size_t q = 0; q < other.value.size(); ++q) {
          if (valueWithout + other.value[q] >= best) continue;  // slack costs nothing at the least
          leave(other, q, without_.data(), withoutBoth_.data());
          ++examined_;
          const double cost = valueWithout + other.value[q] + slackCost(withoutBoth_.data());
          if (cost >= best) continue;
          best = cost;
          first = {a, p};
          second = {b, q};
        }
      }
    }
  if (!(best < now - kGain * std::abs(value_))) return false;
  apply(first);
  apply(second);
  return true;
}

void JoinedPlans::apply(const Change& change) {
  Group& group = groups_[change.group];
  value_ += group.value[change.plan] - group.value[group.chosen];
  for (size_t c = 0; c < left_.size(); ++c) left_[c] += useOf(group, group.chosen)[c] - useOf(group, change.plan)[c];
  group.chosen = change.plan;
}

}  // namespace omnirouter::assignment
