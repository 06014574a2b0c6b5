#include "assignment/smoothed_dual.h"

#include <algorithm>
#include <limits>

#include "compute/chunks.h"
#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Rows per chunk: enough to pay for a chunk's L x L accumulators, few enough to share a small set among threads.
size_t sliceFor(size_t limits) { return std::max<size_t>(1024, limits * limits / 4); }
// Softmin weights below 2^-40 change nothing in double sums of thousands of rows; they are taken as zero.
constexpr double kNegligible = 27.8;

// Symmetric sums are kept one-sided: what belongs to the pair {a, b} is added to (a, b) or to (b, a), whichever comes,
// and fold() adds the two.
struct Partial {
  Partial(size_t limits, bool withSpread)
      : gradient(limits, 0.0), curvature(limits * limits, 0.0), second(withSpread ? limits * limits : 0, 0.0) {}
  double value = 0;
  std::vector<double> gradient;
  std::vector<double> curvature;
  std::vector<double> second;  // sum of E[f] E[f]'
};

Eigen::MatrixXd fold(const std::vector<double>& sum, Eigen::Index n) {
  const Eigen::Map<const Eigen::MatrixXd> half(sum.data(), n, n);
  Eigen::MatrixXd whole = half + half.transpose();
  whole.diagonal() *= 0.5;
  return whole;
}

// One row's contributions. The row's feature vectors are sparse: the group's shared limits, and each candidate's own.
class RowWork {
 public:
  RowWork(const Problem& problem, const Terms& terms, const Reduced& reduced, double tau)
      : quantities_(problem.quantities.size()),
        limits_(problem.limits.size()),
        terms_(terms),
        reduced_(reduced),
        perTau_(1 / tau) {}

  void operator()(const RowSet::Row& row, bool spread, Partial& out) {
    const size_t count = row.models.size();
    double r[kMaxModels], least = std::numeric_limits<double>::infinity();
    const double* base = reduced_.base(row.group);
    for (size_t c = 0; c < count; ++c) r[c] = base[row.models[c]];
    for (size_t k = 0; k < quantities_; ++k) {
      const double* weight = reduced_.weight(row.group, k);
      for (size_t c = 0; c < count; ++c)
        r[c] += weight[row.models[c]] * static_cast<double>(row.values[c * quantities_ + k]);
    }
    for (size_t c = 0; c < count; ++c) least = std::min(least, r[c]);
    out.value += least;

    alive_ = 0;
    double total = 0;
    for (size_t c = 0; c < count; ++c) {
      const double x = (r[c] - least) * perTau_;
      if (!(x <= kNegligible)) continue;
      candidate_[alive_] = c;
      total += p_[alive_++] = compute::expOfMinus(x);
    }
    const double share = 1 / total;
    for (size_t a = 0; a < alive_; ++a) p_[a] *= share;

    if (alive_ == 2 && !spread) {
      addPair(row, out);
    } else {
      addMeans(row, spread, out);
      if (alive_ > 1) addCovariance(row, out);
    }
  }

 private:
  struct Entry {
    int limit;
    double amount;
  };

  double feature(const RowSet::Row& row, const Term& term, size_t c) const {
    return term.quantity == kRequests
               ? term.sign
               : term.sign * static_cast<double>(row.values[c * quantities_ + static_cast<size_t>(term.quantity)]);
  }

  // Two candidates with weights p and 1 - p: E[f] = f0 + (1 - p) d and Cov[f] = p (1 - p) d d', d = f1 - f0.
  void addPair(const RowSet::Row& row, Partial& out) {
    const size_t c0 = candidate_[0], c1 = candidate_[1];
    const double p1 = p_[1], weight = p_[0] * p_[1];
    difference_.clear();
    for (const Term& term : terms_.shared(row.group)) {
      const double f0 = feature(row, term, c0), d = feature(row, term, c1) - f0;
      out.gradient[static_cast<size_t>(term.limit)] += f0 + p1 * d;
      difference_.push_back({term.limit, d});
    }
    for (const Term& term : terms_.own(row.group, row.models[c0])) {
      const double f = feature(row, term, c0);
      out.gradient[static_cast<size_t>(term.limit)] += p_[0] * f;
      difference_.push_back({term.limit, -f});
    }
    for (const Term& term : terms_.own(row.group, row.models[c1])) {
      const double f = feature(row, term, c1);
      out.gradient[static_cast<size_t>(term.limit)] += p1 * f;
      difference_.push_back({term.limit, f});
    }
    addOuter(difference_, weight, out.curvature);
  }

  void addMeans(const RowSet::Row& row, bool spread, Partial& out) {
    mean_.clear();
    for (const Term& term : terms_.shared(row.group)) {
      double mean = 0;
      for (size_t a = 0; a < alive_; ++a) mean += p_[a] * feature(row, term, candidate_[a]);
      mean_.push_back({term.limit, mean});
    }
    for (size_t a = 0; a < alive_; ++a)
      for (const Term& term : terms_.own(row.group, row.models[candidate_[a]]))
        mean_.push_back({term.limit, p_[a] * feature(row, term, candidate_[a])});
    for (const Entry& entry : mean_) out.gradient[static_cast<size_t>(entry.limit)] += entry.amount;
    if (spread) addOuter(mean_, 1.0, out.second);
  }

  // Cov[f] = E[f f'] - E[f] E[f]'.
  void addCovariance(const RowSet::Row& row, Partial& out) {
    addOuter(mean_, -1.0, out.curvature);
    for (size_t a = 0; a < alive_; ++a) {
      difference_.clear();
      for (const Term& term : terms_.shared(row.group))
        difference_.push_back({term.limit, feature(row, term, candidate_[a])});
      for (const Term& term : terms_.own(row.group, row.models[candidate_[a]]))
        difference_.push_back({term.limit, feature(row, term, candidate_[a])});
      addOuter(difference_, p_[a], out.curvature);
    }
  }

  void addOuter(const std::vector<Entry>& v, double weight, std::vector<double>& sum) const {
    for (size_t s = 0; s < v.size(); ++s) {
      const double scaled = weight * v[s].amount;
      double* column = sum.data() + static_cast<size_t>(v[s].limit) * limits_;
      for (size_t t = s; t < v.size(); ++t) column[v[t].limit] += scaled * v[t].amount;
    }
  }

  const size_t quantities_, limits_;
  const Terms& terms_;
  const Reduced& reduced_;
  const double perTau_;
  size_t alive_ = 0;
  size_t candidate_[kMaxModels];
  double p_[kMaxModels];
  std::vector<Entry> mean_, difference_;
};

}  // namespace

DualPoint evaluate(const Problem& problem, const Terms& terms, const RowSet& set, const Eigen::VectorXd& prices,
                   double tau, Spread spread, const compute::CancelFlag& cancel) {
  const size_t limits = problem.limits.size();
  const auto n = static_cast<Eigen::Index>(limits);
  const bool withSpread = spread == Spread::betweenRows;
  const Reduced reduced(problem, {prices.data(), limits});
  const compute::Chunks chunks(set.size(), sliceFor(limits));
  std::vector<Partial> partials(std::max<size_t>(1, chunks.count()), Partial(limits, withSpread));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    RowWork work(problem, terms, reduced, tau);
    const compute::Range range = chunks[chunk];
    for (size_t i = range.begin; i < range.end; ++i) work(set[i], withSpread, partials[chunk]);
  });

  Partial& sum = partials.front();
  for (size_t chunk = 1; chunk < partials.size(); ++chunk) {
    const Partial& partial = partials[chunk];
    sum.value += partial.value;
    for (size_t l = 0; l < limits; ++l) sum.gradient[l] += partial.gradient[l];
    for (size_t e = 0; e < limits * limits; ++e) sum.curvature[e] += partial.curvature[e];
    for (size_t e = 0; e < partial.second.size(); ++e) sum.second[e] += partial.second[e];
  }

  DualPoint point;
  point.value = set.decided.objective + set.weight * sum.value;
  point.gradient.resize(n);
  for (size_t l = 0; l < limits; ++l) {
    const Limit& limit = problem.limits[l];
    const double fixed = set.decided.limit[l] - limit.sign() * limit.bound;
    point.gradient[static_cast<Eigen::Index>(l)] = set.weight * sum.gradient[l] + fixed;
    point.value += prices[static_cast<Eigen::Index>(l)] * fixed;
  }
  point.curvature = (set.weight / tau) * fold(sum.curvature, n);
  if (withSpread && set.size() > 1) {
    const auto rows = static_cast<double>(set.size());
    const Eigen::VectorXd mean = Eigen::Map<const Eigen::VectorXd>(sum.gradient.data(), n) / rows;
    point.spread = (fold(sum.second, n) - rows * mean * mean.transpose()) / (rows - 1);
  }
  return point;
}

}  // namespace omnirouter::assignment
