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
  struct Bend {
    double at;
    uint32_t row;
    uint8_t model;
    double drop;
    bool operator<(const Bend& other) const { return at != other.at ? at > other.at : row > other.row; }
  };
  // Values per group and model, and per group, bounded quantity and model: what prices add to every reduced value.
  struct Table {
    std::vector<double> base, weight;
  };

  void load(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices);
  void tabulate(const std::vector<double>& y, Table& table) const;
  double objectiveOf(size_t row, size_t model) const;
  void reduced(size_t row, const Table& table, bool withObjective, double* out) const;
  void columnOf(size_t row, size_t model, double sign);
  void addKey(size_t row, double sign);
  double* column(size_t pin) { return inverse_.data() + pin * limits_; }
  const double* column(size_t pin) const { return inverse_.data() + pin * limits_; }

  void chooseKeys();
  void weighPins();
  bool pickLeaving();
  void exchangeKey(size_t pin);
  double steepness(size_t pin) const;
  Outcome step();
  void findBends(double reach, double tiny);
  void bendOf(size_t row, uint8_t from, double after, const double* r, const double* v, double tiny);
  void replace(size_t pin, Pin by);
  bool refactor();
  void pricesOf(bool perturbed, std::vector<double>& y) const;
  uint64_t pinned(size_t row) const;
  void finish(Eigen::VectorXd& prices) const;

  const Problem* problem_ = nullptr;
  const Terms* terms_ = nullptr;
  size_t limits_ = 0, models_ = 0, rows_ = 0;
  double unit_ = 1;                   // of the objective
  std::vector<double> priceUnit_;     // per limit
  std::vector<double> factor_;        // per limit: from its quantity to scaled amounts
  std::vector<int> bounded_;          // quantities that some limit bounds
  std::vector<int> channelOf_;        // per quantity, its place there
  std::vector<double> low_, high_;    // of every bounded quantity and model, over the rows
  std::vector<double> cost_;          // rows x models, scaled, perturbed
  std::vector<double> y_, direction_, excess_, weights_, length_;
  Table priced_, rates_;
  std::vector<double> spread_;        // per group: by how much two models' rates can differ
  std::vector<uint8_t> key_, pinsOf_;
  std::vector<double> regret_;        // per row, a lower bound of what its other models are behind the key
  std::vector<Pin> pins_;
  std::vector<double> inverse_;       // of the pins' equations: column per pin
  std::vector<Entry> entries_;        // scratch
  std::vector<Bend> bends_;
  std::vector<uint32_t> seen_;
  std::vector<double> work_;
  uint32_t stamp_ = 0;
  size_t leaving_ = 0;
  double sense_ = 1, slope_ = 0, lastStep_ = 0;
  int steps_ = 0;
};

}  // namespace omnirouter::assignment
