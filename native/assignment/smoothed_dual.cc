#include "assignment/smoothed_dual.h"

#include <cmath>
#include <limits>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Rows per chunk: enough to pay for a chunk's L x L accumulators, few enough to share a small set among
// threads.
constexpr size_t kSlice = 1024;
// Softmin weights below 2^-40 change nothing in double sums of thousands of rows; they are taken as zero.
constexpr double kNegligible = 27.8;

struct Partial {
  explicit Partial(Eigen::Index limits, bool withSpread)
      : gradient(Eigen::VectorXd::Zero(limits)),
        curvature(Eigen::MatrixXd::Zero(limits, limits)),
        second(Eigen::MatrixXd::Zero(withSpread ? limits : 0, withSpread ? limits : 0)) {}
  double value = 0;
  Eigen::VectorXd gradient;
  Eigen::MatrixXd curvature;  // upper triangle
  Eigen::MatrixXd second;     // sum of E[f] E[f]', upper triangle
};

// Adds v to the upper triangle's entry of (a, b).
inline void addSymmetric(Eigen::MatrixXd& m, int a, int b, double v) { a <= b ? m(a, b) += v : m(b, a) += v; }

// One row's contributions. The row's feature vectors are sparse: the group's shared limits, and each
// candidate's own.
class RowWork {
 public:
  RowWork(const Problem& problem, const Terms& terms, const Reduced& reduced, double tau)
      : problem_(problem), terms_(terms), reduced_(reduced), tau_(tau) {}

  void operator()(const RowSet::Row& row, bool spread, Partial& out) {
    const size_t count = row.models.size(), quantities = problem_.quantities.size();
    double r[kMaxModels], least = std::numeric_limits<double>::infinity();
    const double* base = reduced_.base(row.group);
    for (size_t c = 0; c < count; ++c) {
      double value = base[row.models[c]];
      for (size_t k = 0; k < quantities; ++k)
        value += reduced_.weight(row.group, k)[row.models[c]] *
                 static_cast<double>(row.values[c * quantities + k]);
      r[c] = value;
      least = std::min(least, value);
    }
    out.value += least;

    size_t alive = 0;
    double total = 0;
    for (size_t c = 0; c < count; ++c) {
      const double x = (r[c] - least) / tau_;
      if (x > kNegligible) continue;
      candidate_[alive] = c;
      total += p_[alive++] = std::exp(-x);
    }
    for (size_t a = 0; a < alive; ++a) p_[a] /= total;

    const auto shared = terms_.shared(row.group);
    const auto feature = [&](const Term& term, size_t c) {
      return term.quantity == kRequests
                 ? term.sign
                 : term.sign *
                       static_cast<double>(row.values[c * quantities + static_cast<size_t>(term.quantity)]);
    };
    // E[f]: shared limits first, then each candidate's own.
    mean_.clear();
    for (const Term& term : shared) {
      double mean = 0;
      for (size_t a = 0; a < alive; ++a) mean += p_[a] * feature(term, candidate_[a]);
      mean_.push_back({term.limit, mean});
    }
    for (size_t a = 0; a < alive; ++a)
      for (const Term& term : terms_.own(row.group, row.models[candidate_[a]]))
        mean_.push_back({term.limit, p_[a] * feature(term, candidate_[a])});
    for (const auto& [limit, mean] : mean_) out.gradient[limit] += mean;
    if (spread)
      for (size_t s = 0; s < mean_.size(); ++s)
        for (size_t t = s; t < mean_.size(); ++t)
          addSymmetric(out.second, mean_[s].limit, mean_[t].limit, mean_[s].mean * mean_[t].mean);
    if (alive < 2) return;

    // Cov[f] = E[f f'] - E[f] E[f]'.
    for (size_t s = 0; s < mean_.size(); ++s)
      for (size_t t = s; t < mean_.size(); ++t)
        addSymmetric(out.curvature, mean_[s].limit, mean_[t].limit, -mean_[s].mean * mean_[t].mean);
    for (size_t a = 0; a < alive; ++a) {
      full_.clear();
      for (const Term& term : shared) full_.push_back({term.limit, feature(term, candidate_[a])});
      for (const Term& term : terms_.own(row.group, row.models[candidate_[a]]))
        full_.push_back({term.limit, feature(term, candidate_[a])});
      for (size_t s = 0; s < full_.size(); ++s)
        for (size_t t = s; t < full_.size(); ++t)
          addSymmetric(out.curvature, full_[s].limit, full_[t].limit, p_[a] * full_[s].mean * full_[t].mean);
    }
  }

 private:
  struct Entry {
    int limit;
    double mean;
  };
  const Problem& problem_;
  const Terms& terms_;
  const Reduced& reduced_;
  const double tau_;
  size_t candidate_[kMaxModels];
  double p_[kMaxModels];
  std::vector<Entry> mean_, full_;
};

}  // namespace

DualPoint evaluate(const Problem& problem, const Terms& terms, const RowSet& set,
                   const Eigen::VectorXd& prices, double tau, Spread spread,
                   const compute::CancelFlag& cancel) {
  const auto limits = static_cast<Eigen::Index>(problem.limits.size());
  const bool withSpread = spread == Spread::betweenRows;
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const compute::Chunks chunks(set.size(), kSlice);
  std::vector<Partial> partials(chunks.count(), Partial(limits, withSpread));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    RowWork work(problem, terms, reduced, tau);
    const compute::Range range = chunks[chunk];
    for (size_t i = range.begin; i < range.end; ++i) work(set[i], withSpread, partials[chunk]);
  });

  Partial sum(limits, withSpread);
  for (const Partial& partial : partials) {
    sum.value += partial.value;
    sum.gradient += partial.gradient;
    sum.curvature += partial.curvature;
    if (withSpread) sum.second += partial.second;
  }

  DualPoint point;
  point.value = set.decided.objective + set.weight * sum.value;
  point.gradient = set.weight * sum.gradient;
  for (Eigen::Index l = 0; l < limits; ++l) {
    const Limit& limit = problem.limits[static_cast<size_t>(l)];
    const double excess = set.decided.limit[static_cast<size_t>(l)] - limit.sign() * limit.bound;
    point.gradient[l] += excess;
    point.value += prices[l] * excess;
  }
  point.curvature = (set.weight / tau) * sum.curvature.selfadjointView<Eigen::Upper>().toDenseMatrix();
  if (withSpread && set.size() > 1) {
    const auto n = static_cast<double>(set.size());
    const Eigen::VectorXd mean = sum.gradient / n;
    point.spread =
        (sum.second.selfadjointView<Eigen::Upper>().toDenseMatrix() - n * mean * mean.transpose()) / (n - 1);
  }
  return point;
}

}  // namespace omnirouter::assignment
