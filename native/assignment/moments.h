// The sums that the smoothed dual's derivatives are made of (smoothed_dual.h).
//
// What a row adds to the limits is sparse and repetitive: limits on the same quantity, over all rows or over a group,
// get the same amounts. So moments are summed per *channel* (a quantity that some limit bounds over all models of its
// rows) and per *own sum* (a quantity or the number of requests that some limit bounds for one model; one sum per model
// and kind), whatever the number of limits, and are handed out to the limits at the end:
//
//     channel s adds q_s(j) where model j is chosen; own sum (o, j) adds w_o(j) where j is chosen and else nothing.
//
// Channels, and what they have in common with own sums, are kept per group of rows. Own sums are kept per group only if
// a limit asks for it.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "assignment/kernels/softmin_row.h"
#include "assignment/problem.h"

namespace omnirouter::assignment {

// Which moments there are, and where they lie in one array of size() doubles.
class MomentLayout {
 public:
  explicit MomentLayout(const Problem& problem);

  const std::vector<int>& channels() const { return channels_; }  // their quantities
  const std::vector<int>& kinds() const { return kinds_; }        // of own sums: quantities, or kRequests
  size_t models() const { return models_; }                       // padded (softmin_row.h)
  size_t dimensions() const { return kinds_.size() * models_; }   // own sums
  size_t size() const { return groups_ * groupSize() + ownGroups_ * ownSize(); }

  // Where the moments of a group's rows lie in `moments`.
  SoftminSums at(double* moments, size_t group) const {
    const size_t s = channels_.size(), d = dimensions();
    SoftminSums sums;
    sums.rows = moments + group * groupSize();
    sums.mean = sums.rows + 1;
    sums.covariance = sums.mean + s;
    sums.second = sums.covariance + s * s;
    sums.mixed = sums.second + s * s;
    sums.mixedSecond = sums.mixed + s * d;
    sums.own = moments + groups_ * groupSize() + (ownGroups_ == 1 ? 0 : group) * ownSize();
    sums.diagonal = sums.own + d;
    sums.outer = sums.diagonal + kinds_.size() * d;
    return sums;
  }

  // What the limits see of the moments, in the order of Problem::limits.
  Eigen::VectorXd mean(const Problem& problem, std::vector<double>& moments) const;        // sum over rows of E[f]
  Eigen::MatrixXd covariance(const Problem& problem, std::vector<double>& moments) const;  // ... of Cov[f]
  Eigen::MatrixXd second(const Problem& problem, std::vector<double>& moments) const;      // ... of E[f] E[f]'

 private:
  // What a limit adds up.
  struct Sum {
    enum { rows, channel, own } what;
    size_t index;
    int group;
  };
  Sum sumOf(const Limit& limit) const;
  size_t groupSize() const {
    const size_t s = channels_.size();
    return 1 + s + 2 * s * s + 2 * s * dimensions();
  }
  size_t ownSize() const { return dimensions() * (1 + kinds_.size() + dimensions()); }
  double meanOf(const Sum& sum, std::vector<double>& moments) const;
  template <class Entry>
  Eigen::MatrixXd perPair(const Problem& problem, const Entry& entry) const;
  // Adds up `entry(group)` over the groups that two limits share.
  template <class Entry>
  double overGroups(int a, int b, const Entry& entry) const;

  size_t models_, groups_, ownGroups_;
  std::vector<int> channels_, kinds_;
};

}  // namespace omnirouter::assignment
