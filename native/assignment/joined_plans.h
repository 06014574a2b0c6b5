// One plan for each group out of several, so that the limits common to all groups hold and the whole costs little: a
// multiple-choice knapsack of as many dimensions as there are such limits. Local search over changes of one group's plan or
// of two groups' together; what a common limit is missed by costs a penalty, which rises until nothing is.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::assignment {

class JoinedPlans {
 public:
  // Of the common limits: what they leave to all groups, and their prices.
  JoinedPlans(std::span<const double> slack, std::span<const double> prices)
      : left_(slack.begin(), slack.end()), price_(prices.begin(), prices.end()) {}

  void addGroup() { groups_.emplace_back(); }
  // Of the group added last: a plan, what it costs at these prices and what it takes of every common limit.
  void addPlan(double value, std::span<const double> use);
  // Which plan of each group, from the first ones on.
  std::vector<size_t> join(const compute::CancelFlag& cancel);

 private:
  struct Group {
    std::vector<double> value;
    std::vector<double> use;  // plans x limits
    size_t chosen = 0;
  };
  struct Change {
    size_t group = 0, plan = 0;
  };

  const double* useOf(const Group& group, size_t plan) const { return group.use.data() + plan * left_.size(); }
  // What a plan costs of which the limits have so much left: priced if it is left, with the penalty if it lacks.
  double slackCost(const double* left) const;
  bool descend();
  void apply(const Change& change);

  std::vector<Group> groups_;
  std::vector<double> left_, price_;
  std::vector<double> without_, withoutBoth_;  // of descend()
  double value_ = 0;
  double penalty_ = 0;
  uint64_t examined_ = 0;  // changes, by the last descend()
};

}  // namespace omnirouter::assignment
