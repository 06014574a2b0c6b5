// The dual function's greatest value, found exactly: for batches of at most some thousand rows.
//
// The relaxation is a linear program with one row "sum_j x_ij = 1" per query and K coupling rows, the limits. Generalised
// upper bounding (Dantzig and Van Slyke, 1967) keeps a basis of K columns whatever the number of queries: every query
// has a key model, and what is beside the keys is K *pins*, each an equation that the prices y obey:
//
//     of a model:  r[i, j](y) = r[i, key(i)](y)     the query is split between the two
//     of a limit:  y_l = value                      0 where it has slack, or where it was when the search began
//
// From any y >= 0 a dual simplex ascends: the pin whose weight (how much of the query, how much slack) is most negative
// for its length is let go, y moves where the others still hold, and takes as far as D rises: models overtake keys on the
// way, each bending D a little (the long step of Fourer, 1994, and Maros, 2003), and the one that bends it down is the
// new pin. Only rows whose regret is within what the step can change are looked at.
//
// Costs are perturbed by 1e-9 of the objective's spread, which rules out cycling among ties; the prices returned are of the
// final basis and the costs as they are.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "assignment/kernels/first_bend.h"
#include "assignment/newton.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

class Simplex {
 public:
  enum class Outcome {
    optimal,
    unbounded,  // `prices` lie far out on a dual ray: no plan meets the limits
    stopped,    // too many steps, or time is up: `prices` bound the optimum all the same
  };

  static bool suits(const Problem& problem);

  // From prices[l] >= 0, one per limit; leaves there what it found.
  Outcome maximise(const Problem& problem, const Terms& terms, const Scale& scale, const compute::CancelFlag& cancel,
                   Eigen::VectorXd& prices);

  int steps() const { return steps_; }
  // Per row, the model of most weight.
  void roundTo(uint8_t* choice) const;

 private:
  struct Pin {
    int row;  // -1: of a limit
    int index;
    double value;  // of a limit
  };
  struct Entry {
    size_t limit;
    double amount;
  };
  // A bend of D on the way; the heap has the nearest on top.
  struct Bend {
    double at;
    uint32_t row;
    uint8_t model;
    double drop;
    bool operator<(const Bend& other) const { return at != other.at ? at > other.at : row > other.row; }
  };
  // What prices, or a direction of theirs, add to reduced values: per group and model, and times a bounded quantity.
  struct Table {
    std::vector<double> base, weight;
  };

  void load(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices);
  void loadRow(size_t row);
  void tabulate(const std::vector<double>& y, Table& table) const;
  double objectiveOf(size_t row, size_t model) const;
  void columnOf(size_t row, size_t model, double sign);
  void addKey(size_t row, double sign);
  void setKey(size_t row, uint8_t model);
  uint64_t tied(size_t row) const;
  double* column(size_t pin) { return inverse_.data() + pin * limits_; }
  const double* column(size_t pin) const { return inverse_.data() + pin * limits_; }
  const double* value(size_t row, size_t k) const { return values_.data() + (row * bounded_.size() + k) * padded_; }

  void chooseKeys();
  void weighPins();
  double keyScore(size_t pin);
  bool pickLeaving();
  void exchangeKey(size_t pin);
  bool step();
  void boundRises();
  BendTables bendTables() const;
  void findBends(double reach);
  void pushBend(const BendRow& row, const FirstBend& bend, double after);
  void replace(size_t pin, Pin by);
  bool refactor();
  void finish(Eigen::VectorXd& prices);

  const Problem* problem_ = nullptr;
  const Terms* terms_ = nullptr;
  FindFirstBend kernel_ = nullptr;
  size_t limits_ = 0, models_ = 0, padded_ = 0, rows_ = 0;

  // The problem in natural units, in which prices, costs and amounts are of order 1.
  double unit_ = 1;                   // of the objective
  std::vector<double> priceUnit_;     // per limit
  std::vector<double> factor_;        // per limit, of its quantity, with its sign
  std::vector<int> bounded_;          // quantities that some limit bounds
  std::vector<size_t> placeOf_;       // of every quantity among them
  std::vector<double> cost_;          // rows x padded, perturbed
  std::vector<double> values_;        // rows x bounded x padded
  std::vector<double> low_, high_;    // of every bounded quantity and model, over the rows
  std::vector<double> least_, most_;  // of every bounded quantity and row, over the models

  std::vector<double> y_;
  std::vector<uint8_t> key_, pinsOf_;  // per row; how many pins it has
  std::vector<Pin> pins_;
  std::vector<double> inverse_;           // of the pins' equations: a column per pin
  std::vector<double> excess_;            // per limit: the keys' sum less the bound
  std::vector<double> weights_, length_;  // per pin
  std::vector<double> regret_;            // per row: its other models are no less behind the key

  // Of a step.
  size_t leaving_ = 0;
  double slope_ = 0, lastStep_ = 0, tiny_ = 0;
  std::vector<double> direction_;
  Table priced_, rates_;
  std::vector<double> ownRise_, sharedRate_, rise_;
  std::vector<uint8_t> looked_;
  std::vector<BendRow> look_;
  std::vector<FirstBend> found_;
  std::vector<Bend> bends_;
  std::vector<Entry> entries_;
  std::vector<double> work_;
  int steps_ = 0;
};

}  // namespace omnirouter::assignment
