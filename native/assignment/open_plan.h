// A plan in the making over the open rows nearest to a tie: who has which model, what every limit has left, and what a
// change would do. The moves of recovery.cc and the search of exact.cc are written in its terms.
#pragma once

#include <algorithm>
#include <vector>

#include "assignment/newton.h"

namespace omnirouter::assignment {

// Share of a limit's rounding() that a search makes use of: the rest is for the rounding of its running sums.
inline constexpr double kSearched = 0.5;

class OpenPlan {
 public:
  // What choosing a candidate adds to a limit's signed sum.
  struct Entry {
    int limit;
    double amount;
  };
  struct Candidate {
    uint8_t model;
    double regret;     // r - min r of the row, >= 0
    double objective;  // F
    size_t firstEntry, lastEntry;
  };
  struct Row {
    uint32_t id;
    size_t firstCandidate, lastCandidate;
    size_t chosen;  // index into candidates()
  };
  struct Move {
    size_t row, to;  // `to` indexes candidates()
  };
  struct Effect {
    double regret = 0, objective = 0;
    double excess = 0;  // change of the weighted violation
    bool holds = true;  // every limit touched holds afterwards
    int mended = 0;     // limits violated before that hold afterwards
  };

  OpenPlan() = default;
  OpenPlan(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices,
           const Sums& totals) {
    start(problem, terms, scale, prices, totals);
  }
  // Without rows, in the same memory. `totals` are of the rows that are not open; the others are looked at as long as
  // the plan is.
  void start(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices,
             const Sums& totals);

  // Adds an open row at its position `chosen` among the row's candidates; its share is added to the totals.
  void add(const RowSet::Row& row, size_t chosen);

  const std::vector<Row>& rows() const { return rows_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const Candidate& chosen(size_t row) const { return candidates_[rows_[row].chosen]; }
  std::span<const Entry> entries(const Candidate& c) const {
    return {entries_.data() + c.firstEntry, c.lastEntry - c.firstEntry};
  }
  const std::vector<double>& slack() const { return slack_; }
  // The slack before any open row was added.
  const std::vector<double>& emptySlack() const { return emptySlack_; }
  double objective() const { return objective_; }
  const Eigen::VectorXd& prices() const { return *prices_; }
  const Scale& scale() const { return *scale_; }

  bool violated(size_t limit) const { return slack_[limit] < -rounding_[limit]; }
  int violations() const;
  double excess() const;                                  // the weighted violation of all limits
  double pricedSlack() const;                             // sum_l y_l s_l
  double gap() const { return regret_ + pricedSlack(); }  // primal - D, over the open rows
  Effect effect(std::span<const Move> moves) const;
  // A limit that holds and would not after this move by itself, or -1.
  int breaks(const Move& move) const;
  // What a move takes off the weighted violation of the limits that are missed. No moves together take off more than the
  // sum of theirs.
  double relief(const Move& move) const;
  // Whether the move leaves more of a limit.
  bool relieves(const Move& move, int limit) const { return change(move, limit) > 0; }
  void apply(std::span<const Move> moves);
  // What examining a move amounts to, beside one that concerns few limits.
  uint64_t perMove() const { return 1 + entries_.size() / (kFewEntries * std::max<size_t>(1, candidates_.size())); }

 private:
  static constexpr size_t kFewEntries = 4;

  double weighted(size_t limit, double slack) const {
    return slack < -rounding_[limit] ? -slack * scale_->price[static_cast<Eigen::Index>(limit)] : 0.0;
  }
  // What a move adds to a limit's slack.
  double change(const Move& move, int limit) const;

  const Problem* problem_ = nullptr;
  const Terms* terms_ = nullptr;
  const Scale* scale_ = nullptr;
  const Eigen::VectorXd* prices_ = nullptr;
  Reduced reduced_;
  std::vector<Row> rows_;
  std::vector<Candidate> candidates_;
  std::vector<Entry> entries_;
  std::vector<double> slack_, emptySlack_,
      rounding_;  // a slack is taken as 0 within the rounding of its own double sum
  double objective_ = 0, regret_ = 0;
  mutable std::vector<double> change_;  // scratch of effect(): per limit, zero between calls
  mutable std::vector<int> touched_;
};

}  // namespace omnirouter::assignment
