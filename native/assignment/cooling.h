// Stage 4 of the search for prices (price_search.h): cooling level by level, each on the rows of the last that are not
// decided within reach of the prices.
#pragma once

#include <vector>

#include "assignment/price_climb.h"
#include "assignment/row_set.h"
#include "assignment/trust_region.h"

namespace omnirouter::assignment {

class Cooling {
 public:
  // `tied`: rows are known to be tied en masse.
  Cooling(PriceClimb& climb, double gapTolerance, bool tied) : at_(climb), gapTolerance_(gapTolerance), tied_(tied) {}

  // The widest level: rows open in a box of prices, one by one.
  void begin(RowSet widest, const PriceBox& box);

  // What sampling got wrong, one step makes good but for its square: the next level's rows are those near its end, and
  // `unseen` natural units around.
  void correct(const Eigen::VectorXd& unseen);

  // From the last level on, to one of rows; false if the prices want out of the first one's box, or of its region.
  bool coolToTheEnd(const TrustRegion* region = nullptr);

  // The next level: the rows of the last that are not decided everywhere within reach of the present prices. None where
  // that is no much smaller box, or would decide few: walking the rows would be for nothing. Returns the share of the rows
  // that stay open.
  double narrowTo(const Eigen::VectorXd& reach);

 private:
  // How the prices follow the temperature. Where many rows are tied, the optimum of the smoothed dual runs straight to
  // that of D as tau falls, y(tau) = y(0) + tau z: then the next point is known, and tau may fall further at once.
  class Path {
   public:
    bool straight() const { return straight_; }
    double cooling() const { return cooling_; }

    // `deviation` of the last move from a straight one, relative to it.
    void follow(double deviation) {
      straight_ = deviation < kStraight;
      cooling_ = straight_ ? kCooling * kCooling : kCooling;
    }
    void stray() { *this = {}; }

   private:
    static constexpr double kStraight = 0.2;
    bool straight_ = false;
    double cooling_ = kCooling;
  };

  RowSet& rows() { return at_.search.levels.back(); }
  void push(RowSet set, const PriceBox& box);
  void pop();
  void aggregate();
  void endInRows();
  void cool();
  bool atEdge() const;
  bool mayBeFewKinds(const RowSet& set) const;
  double coldEnough() const;
  double matters() const;

  PriceClimb& at_;
  const double gapTolerance_;
  const bool tied_;
  bool firstByKinds_ = false;    // the second level is the first's rows by their kinds
  bool lingering_ = false;       // rows may be tied: as many are near a tie as were when it was hotter
  std::vector<PriceBox> boxes_;  // of each level
  Path path_;
};

}  // namespace omnirouter::assignment
