#include "assignment/moments.h"

#include <algorithm>

namespace omnirouter::assignment {

namespace {

size_t indexOf(const std::vector<int>& list, int value) {
  return static_cast<size_t>(std::find(list.begin(), list.end(), value) - list.begin());
}

void addOnce(std::vector<int>& list, int value) {
  if (indexOf(list, value) == list.size()) list.push_back(value);
}

}  // namespace

MomentLayout::MomentLayout(const Problem& problem)
    : models_(paddedToEight(problem.models)), groups_(problem.groupCount), ownGroups_(1) {
  for (const Limit& limit : problem.limits) {
    if (limit.model != kAll) {
      addOnce(kinds_, limit.quantity);
      if (limit.group != kAll) ownGroups_ = groups_;
    } else if (limit.quantity != kRequests) {
      addOnce(channels_, limit.quantity);
    }
  }
  std::sort(channels_.begin(), channels_.end());
  std::sort(kinds_.begin(), kinds_.end());
}

MomentLayout::Sum MomentLayout::sumOf(const Limit& limit) const {
  if (limit.model != kAll)
    return {Sum::own, indexOf(kinds_, limit.quantity) * models_ + static_cast<size_t>(limit.model), limit.group};
  if (limit.quantity == kRequests) return {Sum::rows, 0, limit.group};
  return {Sum::channel, indexOf(channels_, limit.quantity), limit.group};
}

template <class Entry>
double MomentLayout::overGroups(int a, int b, const Entry& entry) const {
  if (a != kAll && b != kAll && a != b) return 0;
  if (a != kAll || b != kAll) return entry(static_cast<size_t>(std::max(a, b)));
  double sum = 0;
  for (size_t g = 0; g < groups_; ++g) sum += entry(g);
  return sum;
}

double MomentLayout::meanOf(const Sum& sum, std::vector<double>& moments) const {
  if (sum.what == Sum::own && ownGroups_ == 1) return at(moments.data(), 0).own[sum.index];
  return overGroups(sum.group, sum.group, [&](size_t g) {
    const SoftminSums sums = at(moments.data(), g);
    return sum.what == Sum::rows ? *sums.rows : sum.what == Sum::channel ? sums.mean[sum.index] : sums.own[sum.index];
  });
}

Eigen::VectorXd MomentLayout::mean(const Problem& problem, std::vector<double>& moments) const {
  Eigen::VectorXd mean(static_cast<Eigen::Index>(problem.limits.size()));
  for (size_t l = 0; l < problem.limits.size(); ++l)
    mean[static_cast<Eigen::Index>(l)] = problem.limits[l].sign() * meanOf(sumOf(problem.limits[l]), moments);
  return mean;
}

template <class Entry>
Eigen::MatrixXd MomentLayout::perPair(const Problem& problem, const Entry& entry) const {
  const auto n = static_cast<Eigen::Index>(problem.limits.size());
  std::vector<Sum> sums;
  for (const Limit& limit : problem.limits) sums.push_back(sumOf(limit));
  Eigen::MatrixXd matrix(n, n);
  for (Eigen::Index l = 0; l < n; ++l)
    for (Eigen::Index m = 0; m <= l; ++m) {
      const auto a = static_cast<size_t>(l), b = static_cast<size_t>(m);
      const bool swap = sums[a].what < sums[b].what || (sums[a].what == sums[b].what && sums[a].index < sums[b].index);
      const double value = swap ? entry(sums[a], sums[b]) : entry(sums[b], sums[a]);
      matrix(l, m) = matrix(m, l) = problem.limits[a].sign() * problem.limits[b].sign() * value;
    }
  return matrix;
}

// Of two sums, the first is of the lower kind (rows, channel, own), and of the lower index if they are alike.
Eigen::MatrixXd MomentLayout::covariance(const Problem& problem, std::vector<double>& moments) const {
  const size_t s = channels_.size(), d = dimensions();
  return perPair(problem, [&](const Sum& a, const Sum& b) {
    if (a.what == Sum::rows) return 0.0;  // every choice is one request
    const auto entry = [&](size_t g) {
      const SoftminSums sums = at(moments.data(), g);
      if (b.what == Sum::channel) return sums.covariance[b.index * s + a.index];
      if (a.what == Sum::channel) return sums.mixed[a.index * d + b.index];
      const size_t kinds = kinds_.size(), modelA = a.index % models_, modelB = b.index % models_;
      const double together =
          modelA == modelB ? sums.diagonal[((a.index / models_) * kinds + b.index / models_) * models_ + modelA] : 0.0;
      return together - sums.outer[a.index * d + b.index];
    };
    if (a.what == Sum::own && ownGroups_ == 1) return entry(0);
    return overGroups(a.group, b.group, entry);
  });
}

Eigen::MatrixXd MomentLayout::second(const Problem& problem, std::vector<double>& moments) const {
  const size_t s = channels_.size(), d = dimensions();
  return perPair(problem, [&](const Sum& a, const Sum& b) {
    if (a.what == Sum::rows) {
      if (a.group != kAll && b.group != kAll && a.group != b.group) return 0.0;
      return meanOf({b.what, b.index, std::max(a.group, b.group)}, moments);
    }
    const auto entry = [&](size_t g) {
      const SoftminSums sums = at(moments.data(), g);
      if (b.what == Sum::channel) return sums.second[b.index * s + a.index];
      if (a.what == Sum::channel) return sums.mixedSecond[a.index * d + b.index];
      return sums.outer[a.index * d + b.index];
    };
    if (a.what == Sum::own && ownGroups_ == 1) return entry(0);
    return overGroups(a.group, b.group, entry);
  });
}

}  // namespace omnirouter::assignment
