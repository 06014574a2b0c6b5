// Stages 1 and 2 of the search for prices (price_search.h): where samples say that they are, and how wrong that may be.
#pragma once

#include "assignment/control_variate.h"
#include "assignment/price_climb.h"
#include "assignment/row_set.h"
#include "assignment/trust_region.h"

namespace omnirouter::assignment {

class SampledPrices {
 public:
  SampledPrices(PriceClimb& climb, uint64_t seed);

  // Rows enough to tell the prices of all limits roughly; or every row.
  RowSample sample() const { return {at_.problem.rows, size(), seed_}; }

  // While it is hot, a few rows tell as well as many where to look.
  void findNeighbourhood(const RowSet& set);

  // Stage 1: down to the temperature at which what cooling still moves is within the error of sampling.
  void cool(const RowSet& set);

  // Stage 2: the sums of all rows at the prices so far, and how they change from there by a sample, and by the open rows
  // of a larger one; again from where that leads, as long as it pays.
  void correct();

  // Whether rows of the sample are tied en masse, and where the prices stood at its coldest.
  bool tied() const { return tied_; }
  double coldestTau() const { return coldest_.tau; }
  const Eigen::VectorXd& coldestPrices() const { return coldest_.prices; }

  // Standard deviations of the prices, in natural units.
  Eigen::VectorXd deviations() const;
  // What ties hide from the covariance, a wider region makes good for.
  double firstWidening() const;
  // The region around the present prices in which they are expected to end, `widen` times as wide as that; and the box
  // that holds it.
  TrustRegion expected(double widen) const;
  PriceBox boxOf(const TrustRegion& region, double widen) const;

  // The share of rows that may change their model in the region expected, as the sample tells.
  double shareOpen(const RowSample& sample) const;

 private:
  // Where the sample stood at a temperature.
  struct Level {
    double tau, deviation;
    Eigen::VectorXd prices;
    Eigen::MatrixXd covariance;
    DualPoint point;
  };

  size_t size() const;
  void coolOnce(const RowSet& set);
  bool tiesIn(const RowSet& set) const;
  bool correctBy(const Known& whole, const RowSample& sample);
  bool correctByOpen(const Known& whole, const RowSample& sample);
  bool correctBy(const ControlVariate& control, const RowSet& set);
  void coolCorrected(const ControlVariate& control, const RowSet& set);
  void measureError(const Eigen::MatrixXd& spread, size_t rows);
  double medianDeviation() const;
  Eigen::VectorXd reachFloor(double widen) const;

  PriceClimb& at_;
  const uint64_t seed_;
  Eigen::MatrixXd covariance_;  // of the prices' error
  bool tied_ = false;
  int strayed_ = 0;  // corrected samples that did
  struct {
    double tau;
    Eigen::VectorXd prices;
  } coldest_;
};

}  // namespace omnirouter::assignment
