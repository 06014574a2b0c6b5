// The rows of an open plan, arranged for a depth first search (exact.h): which row is settled at which depth, what each may
// choose, and what that does to the limits that can matter.
//
// Rows of a group with limits of its own are a *block*: within it, these limits and no others of any group are at stake, so
// that each block can be searched by itself for what it costs at least. All other rows are the last block.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assignment/open_plan.h"

namespace omnirouter::assignment {

class SearchRows {
 public:
  // What choosing an option adds to a limit.
  struct Entry {
    uint32_t limit;  // index into limits()
    double amount;
  };
  struct Option {
    size_t candidate;  // of the plan
    uint8_t model;
    double regret;
    size_t firstEntry, lastEntry;
  };
  // A limit that can matter. Its slack is counted from where plans stop holding it: what rounding allows is part of it.
  struct Live {
    size_t limit;  // of the problem
    double price;
    double slack;      // before any open row has chosen
    double allowance;  // what rounding allows
    uint64_t slotsOf;  // the model whose requests it counts, as a bit; or 0
  };
  // Depths, and the limits of their rows' group.
  struct Block {
    size_t firstRow, lastRow;
    size_t firstLimit, lastLimit;
  };

  // In the memory of the rows before. Candidates whose regret is no less than `most` are left out: no plan with a gap below
  // it has one (reduced-cost fixing). `group`: only its own limits are at stake.
  void arrange(const Problem& problem, const OpenPlan& plan, double most, int group = kAll);

  size_t size() const { return order_.size(); }
  // In the plan. Within a block, rows with most to lose come first: their choice is nearly forced, and errors show early.
  size_t row(size_t depth) const { return order_[depth]; }
  // By their regrets, of which the first has none.
  std::span<const Option> options(size_t depth) const {
    return {options_.data() + starts_[depth], options_.data() + starts_[depth + 1]};
  }
  size_t optionCount() const { return options_.size(); }
  size_t numberOf(const Option& option) const { return static_cast<size_t>(&option - options_.data()); }
  std::span<const Entry> entries(const Option& option) const {
    return {entries_.data() + option.firstEntry, entries_.data() + option.lastEntry};
  }
  // First those of all groups, then each block's.
  std::span<const Live> limits() const { return limits_; }
  size_t common() const { return common_; }
  std::span<const Block> blocks() const { return blocks_; }

 private:
  void findLimits(const Problem& problem, const OpenPlan& plan, int group);
  void orderRows(const Problem& problem, const OpenPlan& plan, double most);
  void addOptions(const OpenPlan& plan, double most);

  std::vector<Live> limits_;
  size_t common_ = 0;
  std::vector<Block> blocks_;
  std::vector<size_t> order_, starts_;
  std::vector<Option> options_;
  std::vector<Entry> entries_;
  // Of arrange().
  std::vector<double> most_, stake_;
  std::vector<uint32_t> liveOf_, blockOf_, blockOfGroup_;
};

}  // namespace omnirouter::assignment
