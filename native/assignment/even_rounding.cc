#include "assignment/even_rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/chunks.h"
#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Rows this close to a tie, in units of tau, are rounded from their softmin weights; e^-7 is a weight of 0.1 %.
constexpr double kTied = 7.0;
// e^-50 is nothing beside a weight of 1.
constexpr double kNothing = 50.0;
// Rows that a thread takes at a time.
constexpr size_t kSlice = 4096;

// A row's softmin weights at the last temperature, if it is near a tie.
struct Weights {
  double p[kMaxModels];
  size_t best;
  double margin;  // second smallest reduced value minus the smallest
};

Weights weigh(const Problem& problem, const Reduced& reduced, const RowSet::Row& row, double tau) {
  Weights w;
  w.best = reduceRow(problem, reduced, row, w.p);
  const double least = w.p[w.best];
  double second = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < row.models.size(); ++c)
    if (c != w.best) second = std::min(second, w.p[c]);
  w.margin = second - least;
  if (!(w.margin < kTied * tau)) return w;
  double total = 0;
  for (size_t c = 0; c < row.models.size(); ++c) {
    const double above = (w.p[c] - least) / tau;
    total += w.p[c] = above < kNothing ? compute::expOfMinus(above) : 0;
  }
  for (size_t c = 0; c < row.models.size(); ++c) w.p[c] /= total;
  return w;
}

// Gives each tied row a model with the probability that its weights say, drawn from the golden-ratio sequence, whose
// first n members spread over [0, 1) as evenly as any (discrepancy O(log n / n)): so the sums stay within a few rows of
// the smoothed optimum's wherever many rows are tied alike, and a row's own preference among them is kept. One sequence
// for every group and every lowest of the tied models, because rows tied between the same models are tied by the same
// trade of cost for quality.
class EvenRounding {
 public:
  explicit EvenRounding(const Problem& problem)
      : models_(problem.models), drawn_(problem.groupCount * problem.models, 0) {}
  size_t round(const RowSet::Row& row, const Weights& weights) {
    size_t lowest = 0;
    while (lowest + 1 < row.models.size() && weights.p[lowest] <= kNegligible) ++lowest;
    uint64_t& n = drawn_[row.group * models_ + row.models[lowest]];
    // Fractional parts of n / golden ratio, exactly, in 64-bit fixed point.
    double left = static_cast<double>((++n * 0x9E3779B97F4A7C15u) >> 11) * 0x1p-53;
    for (size_t c = 0; c < row.models.size(); ++c)
      if ((left -= weights.p[c]) < 0) return c;
    return weights.best;
  }

 private:
  static constexpr double kNegligible = 1e-3;
  size_t models_;
  std::vector<uint64_t> drawn_;
};

}  // namespace

std::vector<uint8_t> roundEvenly(const Problem& problem, const Reduced& reduced, const RowSet& set, double tau) {
  EvenRounding rounding(problem);
  std::vector<uint8_t> chosen(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    const Weights weights = weigh(problem, reduced, row, tau);
    chosen[i] = static_cast<uint8_t>(weights.margin < kTied * tau ? rounding.round(row, weights) : weights.best);
  }
  return chosen;
}

void roundEveryRow(const Problem& problem, const Reduced& reduced, double tau, uint8_t* choice,
                   const compute::CancelFlag& cancel) {
  cancel.count(compute::WorkKind::softmins, problem.rows * problem.models);
  const compute::Chunks chunks(problem.rows, kSlice);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    RowSet rows(problem.quantities.size(), problem.limits.size());
    for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i) rows.add(problem, i, problem.allowedModels(i));
    const std::vector<uint8_t> chosen = roundEvenly(problem, reduced, rows, tau);
    for (size_t i = 0; i < rows.size(); ++i) choice[rows[i].id] = rows[i].models[chosen[i]];
  });
}

}  // namespace omnirouter::assignment
