// How far the simplex (simplex.h) goes along a direction of the prices: as long as D rises. Models overtake keys on the way,
// each bending D a little, and the one that bends it down is the next pin: the long step of Fourer (1994) and Maros (2003).
// Only rows whose regret is within what the step can change are looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "assignment/kernels/first_bend.h"
#include "assignment/simplex_basis.h"

namespace omnirouter::assignment {

class LongStep {
 public:
  // At prices in natural units, which the steps move.
  void start(const ScaledBatch& batch, const std::vector<double>& prices);

  // Gives all rows that the batch has now their keys, but those that are split.
  void chooseKeys(SimplexBasis& basis);

  // False: D rises for ever along direction(). Some keys may then have moved, and the prices have not.
  bool take(const SimplexBasis::Leaving& leaving, SimplexBasis& basis);

  const std::vector<double>& prices() const { return y_; }
  const std::vector<double>& direction() const { return direction_; }

 private:
  // A bend of D on the way; the heap has the nearest on top.
  struct Bend {
    double at;
    uint32_t row;
    uint8_t model;
    double drop;
    bool operator<(const Bend& other) const { return at != other.at ? at > other.at : row > other.row; }
  };

  void aim(const SimplexBasis::Leaving& leaving, const SimplexBasis& basis);
  void boundRises(const SimplexBasis& basis);
  void look(double reach, const SimplexBasis& basis);
  void lookOn(const Bend& passed, double reach);
  void push(uint32_t row, const FirstBend& bend, double after);
  BendTables tables(double reach) const;

  const ScaledBatch* batch_ = nullptr;
  FindFirstBend kernel_ = nullptr;
  std::vector<double> y_;
  PriceTable priced_;
  std::vector<double> regret_;  // per row: its other models are no less behind the key
  double last_ = 0;             // step

  // Of a step.
  std::vector<double> direction_;
  PriceTable rates_;
  double tiny_ = 0;
  double wall_ = 0;  // where a price would fall below 0, and whose
  size_t wallLimit_ = 0;
  std::vector<double> ownRise_, sharedRate_;
  std::vector<double> rise_;  // per row: no model gets cheaper beside the key faster
  std::vector<uint8_t> looked_;
  std::vector<BendRow> look_;
  std::vector<FirstBend> found_;
  std::vector<Bend> bends_;
};

}  // namespace omnirouter::assignment
