#include "assignment/smoothed_dual.h"

#include <algorithm>
#include <limits>

#include "assignment/moments.h"
#include "compute/chunks.h"
#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Rows with at most so many candidates are handled candidate by candidate, others by the kernel over all models.
constexpr size_t kFew = 4;

// Rows of few candidates: the same sums as the kernel's, without second moments.
class FewCandidates {
 public:
  FewCandidates(const MomentLayout& layout, const SoftminTables& tables, double* moments)
      : layout_(layout), t_(tables), moments_(moments) {}

  // Returns the least reduced value. Rows of two wait for finish(), or for more of their kind.
  double add(const RowSet::Row& row) {
    const size_t count = row.models.size();
    const double* base = t_.base + row.group * layout_.models();
    double r[kFew];
    for (size_t c = 0; c < count; ++c) r[c] = base[row.models[c]];
    for (size_t k = 0; k < t_.quantities; ++k) {
      const double* weight = t_.weight + (row.group * t_.quantities + k) * layout_.models();
      for (size_t c = 0; c < count; ++c) r[c] += weight[row.models[c]] * row.value(k, c);
    }
    if (count == 2) {
      const bool secondIsFarther = r[0] <= r[1];
      const double distance = secondIsFarther ? r[1] - r[0] : r[0] - r[1];
      pairs_[waiting_] = {row, secondIsFarther};
      distance_[waiting_++] = distance * t_.perTau;
      if (waiting_ == kBatch) finish();
      return secondIsFarther ? r[0] : r[1];
    }
    double least = r[0];
    for (size_t c = 1; c < count; ++c) least = std::min(least, r[c]);
    double p[kFew], total = 0;
    for (size_t c = 0; c < count; ++c) {
      const double x = (r[c] - least) * t_.perTau;
      total += p[c] = x <= kNegligible ? compute::expOfMinus(x) : 0.0;
    }
    for (size_t c = 0; c < count; ++c) p[c] /= total;
    addFew(row, p);
    return least;
  }

  void finish() {
    for (size_t i = waiting_; i % 8 != 0; ++i) distance_[i] = 0;
    double farther[kBatch], variance[kBatch];
    kernel_(distance_, waiting_, farther, variance);
    for (size_t i = 0; i < waiting_; ++i) {
      const double second = pairs_[i].secondIsFarther ? farther[i] : 1 - farther[i];
      addPair(pairs_[i].row, second, variance[i]);
    }
    waiting_ = 0;
  }

 private:
  // Softmin weights below 2^-40, as in the kernel.
  static constexpr double kNegligible = 27.8;
  static constexpr size_t kBatch = 64;

  double own(const RowSet::Row& row, size_t kind, size_t c) const {
    const int quantity = t_.kindQuantity[kind];
    return quantity < 0 ? 1.0 : row.value(static_cast<size_t>(quantity), c);
  }
  double channel(const RowSet::Row& row, size_t s, size_t c) const {
    return row.value(static_cast<size_t>(t_.channelQuantity[s]), c);
  }

  // Weights 1 - p and p, variance p (1 - p): E[f] = f0 + p d and Cov[f] = p (1 - p) d d', d = f1 - f0. No difference of
  // nearly equal numbers, however close p is to 0 or 1.
  void addPair(const RowSet::Row& row, double p, double variance) const {
    const SoftminSums sums = layout_.at(moments_, row.group);
    const size_t j0 = row.models[0], j1 = row.models[1], kinds = t_.kinds, models = layout_.models(),
                 dimensions = layout_.dimensions();
    *sums.rows += 1;
    double slope[kMaxQuantities];
    for (size_t s = 0; s < t_.channels; ++s) {
      const double q0 = channel(row, s, 0), d = channel(row, s, 1) - q0;
      slope[s] = variance * d;
      sums.mean[s] += q0 + p * d;
      for (size_t t = 0; t < s; ++t)
        sums.covariance[s * t_.channels + t] += slope[s] * (channel(row, t, 1) - channel(row, t, 0));
      sums.covariance[s * t_.channels + s] += slope[s] * d;
    }
    for (size_t o = 0; o < kinds; ++o) {
      const double w0 = own(row, o, 0), w1 = own(row, o, 1);
      const size_t at0 = o * models + j0, at1 = o * models + j1;
      sums.own[at0] += (1 - p) * w0;
      sums.own[at1] += p * w1;
      for (size_t s = 0; s < t_.channels; ++s) {
        sums.mixed[s * dimensions + at0] -= slope[s] * w0;
        sums.mixed[s * dimensions + at1] += slope[s] * w1;
      }
      for (size_t other = o; other < kinds; ++other) {
        const double v0 = own(row, other, 0), v1 = own(row, other, 1);
        double* diagonal = sums.diagonal + (o * kinds + other) * models;
        diagonal[j0] += variance * w0 * v0;
        diagonal[j1] += variance * w1 * v1;
        sums.outer[at0 * dimensions + other * models + j1] += variance * w0 * v1;
        if (other != o) sums.outer[at1 * dimensions + other * models + j0] += variance * w1 * v0;
      }
    }
  }

  void addFew(const RowSet::Row& row, const double* p) const {
    const SoftminSums sums = layout_.at(moments_, row.group);
    const size_t count = row.models.size(), kinds = t_.kinds, models = layout_.models(),
                 dimensions = layout_.dimensions();
    *sums.rows += 1;
    double mean[kMaxQuantities];
    for (size_t s = 0; s < t_.channels; ++s) {
      mean[s] = 0;
      for (size_t c = 0; c < count; ++c) mean[s] += p[c] * channel(row, s, c);
      sums.mean[s] += mean[s];
      for (size_t t = 0; t <= s; ++t) {
        double both = 0;
        for (size_t c = 0; c < count; ++c)
          both += p[c] * (channel(row, s, c) - mean[s]) * (channel(row, t, c) - mean[t]);
        sums.covariance[s * t_.channels + t] += both;
      }
    }
    for (size_t c = 0; c < count; ++c) {
      if (p[c] == 0) continue;
      for (size_t o = 0; o < kinds; ++o) {
        const double u = p[c] * own(row, o, c);
        const size_t at = o * models + row.models[c];
        sums.own[at] += u;
        for (size_t s = 0; s < t_.channels; ++s) sums.mixed[s * dimensions + at] += u * (channel(row, s, c) - mean[s]);
        for (size_t other = o; other < kinds; ++other) {
          sums.diagonal[(o * kinds + other) * models + row.models[c]] += u * own(row, other, c);
          for (size_t e = 0; e < count; ++e)
            sums.outer[at * dimensions + other * models + row.models[e]] += u * (p[e] * own(row, other, e));
        }
      }
    }
  }

  struct Pair {
    RowSet::Row row;
    bool secondIsFarther;
  };
  const MomentLayout& layout_;
  const SoftminTables& t_;
  double* const moments_;
  const SoftminPairs kernel_ = softminPairs(compute::isa());
  size_t waiting_ = 0;
  Pair pairs_[kBatch];
  double distance_[kBatch];
};

// Rows per chunk: enough to pay for a chunk's moments, few enough to share a small set among threads.
size_t sliceFor(const MomentLayout& layout) { return std::max<size_t>(1024, layout.size() / 4); }

}  // namespace

DualPoint evaluate(const Problem& problem, const RowSet& set, const Eigen::VectorXd& prices, double tau, Spread spread,
                   const compute::CancelFlag& cancel) {
  const size_t limits = problem.limits.size();
  const bool withSpread = spread == Spread::betweenRows;
  const MomentLayout layout(problem);
  const Reduced reduced(problem, {prices.data(), limits}, layout.models());
  const SoftminTables tables{reduced.base(0),          reduced.weight(0, 0),  layout.channels().data(),
                             layout.kinds().data(),    problem.models,        problem.quantities.size(),
                             layout.channels().size(), layout.kinds().size(), 1 / tau};
  const AddSoftminRow kernel = addSoftminRow(compute::isa());
  const compute::Chunks chunks(set.size(), sliceFor(layout));
  const size_t stride = layout.size() + 1;
  std::vector<double> moments(std::max<size_t>(1, chunks.count()) * stride, 0.0);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    double* own = moments.data() + chunk * stride;
    const auto addRows = [&](compute::Range range, double* to) {
      FewCandidates few(layout, tables, to);
      double value = 0;
      for (size_t i = range.begin; i < range.end; ++i) {
        const RowSet::Row row = set[i];
        if (row.models.size() <= kFew && !withSpread)
          value += few.add(row);
        else
          value += kernel(tables, {row.group, row.models.size(), row.models.data(), row.values}, withSpread,
                          layout.at(to, row.group));
      }
      few.finish();
      to[layout.size()] += value;
    };
    const compute::Range range = chunks[chunk];
    if (!set.counted()) {
      addRows(range, own);
      return;
    }
    // Runs of rows with as many copies: moments are linear in them.
    std::vector<double> run(stride);
    for (size_t begin = range.begin, end; begin < range.end; begin = end) {
      const double copies = set[begin].copies;
      for (end = begin + 1; end < range.end && set[end].copies == copies;) ++end;
      std::fill(run.begin(), run.end(), 0.0);
      addRows({begin, end}, run.data());
      for (size_t e = 0; e < stride; ++e) own[e] += copies * run[e];
    }
  });
  for (size_t chunk = 1; chunk < chunks.count(); ++chunk)
    for (size_t e = 0; e < stride; ++e) moments[e] += moments[chunk * stride + e];

  DualPoint point;
  point.value = set.decided.objective + set.weight * moments[layout.size()];
  const Eigen::VectorXd mean = layout.mean(problem, moments);
  point.gradient.resize(mean.size());
  for (size_t l = 0; l < limits; ++l) {
    const auto e = static_cast<Eigen::Index>(l);
    const Limit& limit = problem.limits[l];
    const double fixed = set.decided.limit[l] - limit.sign() * limit.bound;
    point.gradient[e] = set.weight * mean[e] + fixed;
    point.value += prices[e] * fixed;
  }
  point.curvature = (set.weight / tau) * layout.covariance(problem, moments);
  if (withSpread && set.size() > 1) {
    const auto rows = static_cast<double>(set.size());
    point.spread = (layout.second(problem, moments) - mean * mean.transpose() / rows) / (rows - 1);
  }
  return point;
}

}  // namespace omnirouter::assignment
