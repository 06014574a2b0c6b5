// The basis of the simplex (simplex.h): every row's key, the pins beside them, and the inverse of the pins' equations.
#pragma once

#include <cstdint>
#include <vector>

#include "assignment/scaled_batch.h"

namespace omnirouter::assignment {

class SimplexBasis {
 public:
  struct Pin {
    int row;  // -1: of a limit
    int index;
    double value;  // of a limit
  };
  struct Leaving {
    size_t pin;
    double sense;  // of its column, the direction in which D rises
    double slope;  // ... at first
  };

  // Every limit pinned at its price, in natural units; no row has a key yet.
  void start(const ScaledBatch& batch, const std::vector<double>& prices);

  uint8_t key(size_t row) const { return key_[row]; }
  // Of a bounded quantity: by how much the value with the row's key is above the least of its models', and below the most.
  const double* above(size_t k) const { return above_.data() + k * key_.size(); }
  const double* below(size_t k) const { return below_.data() + k * key_.size(); }
  // Whether the row is split.
  bool pinned(size_t row) const { return pinsOf_[row] > 0; }
  // The row's key and the models that its pins tie to it.
  uint64_t tied(size_t row) const;
  const Pin& pin(size_t p) const { return pins_[p]; }
  // What the price does as the pin's equation is let go and all others hold.
  double entry(size_t l, size_t p) const { return inverse_[l * limits_ + p]; }

  // A first key, which sum() is to count; then others.
  void giveKey(size_t row, uint8_t model);
  void moveKey(size_t row, uint8_t model);

  // The pin to let go. Where a row's key is to go, the pin is of it afterwards, and the pinned model the key. False: the
  // basis is optimal, but for weights that are `enough` of a row amiss or less.
  bool chooseLeaving(double enough, Leaving& leaving);
  // `by` has no value but of a limit at 0; a row's key is what it is tied to.
  void replace(size_t p, const Pin& by);
  // Sums afresh, of the rows that the batch has now, all of which have keys.
  void sum();
  // Inverse and sums afresh. False: the pins' equations have no inverse to speak of.
  bool refactor();

  // The prices that the pins' equations have with costs as they are, not perturbed.
  void prices(std::vector<double>& out) const;
  // Per row of the problem, the model of most weight.
  void roundTo(uint8_t* choice) const;

 private:
  double* row(size_t l) { return inverse_.data() + l * limits_; }
  const double* row(size_t l) const { return inverse_.data() + l * limits_; }
  void weighPins();
  double keyScore(size_t p, double enough);
  void addKey(size_t row);
  void exchangeKey(size_t p);

  const ScaledBatch* batch_ = nullptr;
  size_t limits_ = 0;
  std::vector<uint8_t> key_, pinsOf_;     // per row; how many pins it has
  std::vector<double> above_, below_;     // bounded quantities x rows
  std::vector<Pin> pins_;                 // as many as limits
  std::vector<double> inverse_;           // of the pins' equations: limits x pins
  std::vector<double> excess_;            // per limit: the keys' sum less the bound
  std::vector<double> weights_, length_;  // per pin: its share of the query, its limit's slack; its column's square
  std::vector<double> onPins_;            // per row that is split: the weight of its pins, 0 once its key is scored
  std::vector<double> work_, share_;
};

}  // namespace omnirouter::assignment
