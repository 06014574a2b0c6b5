#include "assignment/smoothed_dual.h"

#include <algorithm>
#include <limits>

#include "assignment/kernels/softmin_pairs.h"
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

  // Returns the least reduced value.
  double add(const RowSet::Row& row) const {
    const size_t count = row.models.size();
    const double* base = t_.base + row.group * layout_.models();
    double r[kFew] = {};
    for (size_t c = 0; c < count; ++c) r[c] = base[row.models[c]];
    for (size_t k = 0; k < t_.quantities; ++k) {
      const double* weight = t_.weight + (row.group * t_.quantities + k) * layout_.models();
      for (size_t c = 0; c < count; ++c) r[c] += weight[row.models[c]] * row.value(k, c);
    }
    double least = r[0];
    for (size_t c = 1; c < count; ++c) least = std::min(least, r[c]);
    double p[kFew], total = 0;
    for (size_t c = 0; c < count; ++c) {
      const double x = (r[c] - least) * t_.perTau;
      total += p[c] = x <= kNegligible ? compute::expOfMinus(x) : 0.0;
    }
    for (size_t c = 0; c < count; ++c) p[c] /= total;
    addWeighted(row, p);
    return least;
  }

 private:
  // Softmin weights below 2^-40, as in the kernel.
  static constexpr double kNegligible = 27.8;

  double own(const RowSet::Row& row, size_t kind, size_t c) const {
    const int quantity = t_.kindQuantity[kind];
    return quantity < 0 ? 1.0 : row.value(static_cast<size_t>(quantity), c);
  }
  double channel(const RowSet::Row& row, size_t s, size_t c) const {
    return row.value(static_cast<size_t>(t_.channelQuantity[s]), c);
  }

  void addWeighted(const RowSet::Row& row, const double* p) const {
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

  const MomentLayout& layout_;
  const SoftminTables& t_;
  double* const moments_;
};

// Rows of two candidates, run by run (pair_columns.h).
class Pairs {
 public:
  Pairs(const MomentLayout& layout, const SoftminTables& tables, const PairColumns& columns)
      : layout_(layout), t_(tables), columns_(columns) {
    for (size_t o = 0; o < t_.kinds; ++o) {
      const int quantity = t_.kindQuantity[o];
      // Requests are the feature 1, a quantity's two follow those before it.
      feature_.push_back(quantity < 0 ? 0 : 1 + t_.channels + 2 * owns_.size());
      if (quantity >= 0) owns_.push_back(quantity);
    }
  }

  // Adds a run's moments and returns the sum of its least reduced values.
  double add(size_t index, double* moments) const {
    const PairColumns::Run& run = columns_.runs()[index];
    const size_t models = layout_.models(), j0 = run.first, j1 = run.second;
    const double* base = t_.base + run.group * models;
    double weight[2 * kMaxQuantities];
    for (size_t k = 0; k < t_.quantities; ++k) {
      const double* row = t_.weight + (run.group * t_.quantities + k) * models;
      weight[2 * k] = row[j0];
      weight[2 * k + 1] = row[j1];
    }
    PairSums z;
    kernel_({run.rows,
             t_.quantities,
             columns_.values(run),
             run.stride(),
             weight,
             {base[j0], base[j1]},
             t_.perTau,
             t_.channelQuantity,
             t_.channels,
             owns_.data(),
             owns_.size()},
            z);

    const SoftminSums sums = layout_.at(moments, run.group);
    const size_t kinds = t_.kinds, dimensions = layout_.dimensions();
    const auto rows = static_cast<double>(run.rows);
    const auto second = [&](size_t a, size_t b) { return z.second[a >= b ? pairPlace(a, b) : pairPlace(b, a)]; };
    *sums.rows += rows;
    for (size_t s = 0; s < t_.channels; ++s) {
      sums.mean[s] += columns_.firstTotal(index, static_cast<size_t>(t_.channelQuantity[s])) + z.first[1 + s];
      for (size_t t = 0; t <= s; ++t) sums.covariance[s * t_.channels + t] += second(1 + s, 1 + t);
    }
    for (size_t o = 0; o < kinds; ++o) {
      const int quantity = t_.kindQuantity[o];
      const size_t w0 = feature_[o], w1 = w0 == 0 ? 0 : w0 + 1;
      const size_t at0 = o * models + j0, at1 = o * models + j1;
      sums.own[at0] += (quantity < 0 ? rows : columns_.firstTotal(index, static_cast<size_t>(quantity))) - z.first[w0];
      sums.own[at1] += z.first[w1];
      for (size_t s = 0; s < t_.channels; ++s) {
        sums.mixed[s * dimensions + at0] -= second(1 + s, w0);
        sums.mixed[s * dimensions + at1] += second(1 + s, w1);
      }
      for (size_t other = o; other < kinds; ++other) {
        const size_t v0 = feature_[other], v1 = v0 == 0 ? 0 : v0 + 1;
        double* diagonal = sums.diagonal + (o * kinds + other) * models;
        diagonal[j0] += second(w0, v0);
        diagonal[j1] += second(w1, v1);
        sums.outer[at0 * dimensions + other * models + j1] += second(w0, v1);
        if (other != o) sums.outer[at1 * dimensions + other * models + j0] += second(w1, v0);
      }
    }
    return z.least;
  }

 private:
  const MomentLayout& layout_;
  const SoftminTables& t_;
  const PairColumns& columns_;
  const SoftminPairs kernel_ = softminPairs(compute::isa());
  std::vector<int> owns_;
  std::vector<size_t> feature_;  // of each kind: its first candidate's
};

// Pairs of a row's models that take as long as weighing a model.
constexpr size_t kPairs = 32;

// Moments of models with limits of their own are summed for every two of a row's.
uint64_t softminsOf(const MomentLayout& layout, size_t rows, size_t candidates) {
  const size_t pairs = layout.kinds().size() * candidates / std::max<size_t>(1, rows);
  return candidates * (1 + pairs / kPairs);
}

// Rows that a thread takes at a time: enough to pay for their moments, and few enough that threads share a small set.
size_t partRows(const MomentLayout& layout) { return std::max<size_t>(512, layout.size() / 4); }

// What a thread takes at a time: runs of pairs, and rows of the others.
struct Part {
  compute::Range runs, others;
};

std::vector<Part> partsOf(const PairColumns& columns, const MomentLayout& layout) {
  // In rows of two candidates, roughly.
  constexpr size_t kRun = 32, kOther = 16;
  const size_t slice = kOther * partRows(layout);
  std::vector<Part> parts;
  Part part{};
  size_t cost = 0;
  const auto cut = [&] {
    parts.push_back(part);
    part = {{part.runs.end, part.runs.end}, {part.others.end, part.others.end}};
    cost = 0;
  };
  for (const PairColumns::Run& run : columns.runs()) {
    ++part.runs.end;
    if ((cost += kRun + run.rows) >= slice) cut();
  }
  while (part.others.end < columns.others().size()) {
    const size_t taken =
        std::min(columns.others().size() - part.others.end, (slice - std::min(slice, cost)) / kOther + 1);
    part.others.end += taken;
    if ((cost += kOther * taken) >= slice) cut();
  }
  if (cost > 0 || parts.empty()) cut();
  return parts;
}

}  // namespace

uint64_t softminsOf(const Problem& problem, size_t rows, size_t candidates) {
  return softminsOf(MomentLayout(problem), rows, candidates);
}

DualPoint evaluate(const Problem& problem, const RowSet& set, const Eigen::VectorXd& prices, double tau, Spread spread,
                   const compute::CancelFlag& cancel) {
  const size_t limits = problem.limits.size();
  const bool withSpread = spread == Spread::betweenRows;
  const MomentLayout layout(problem);
  cancel.count(compute::WorkKind::softmins, softminsOf(layout, set.size(), set.candidates()));
  const Reduced reduced(problem, {prices.data(), limits}, layout.models());
  const SoftminTables tables{reduced.base(0),          reduced.weight(0, 0),  layout.channels().data(),
                             layout.kinds().data(),    problem.models,        problem.quantities.size(),
                             layout.channels().size(), layout.kinds().size(), 1 / tau};
  const AddSoftminRow kernel = addSoftminRow(compute::isa());
  const auto addRow = [&](size_t i, double* to) {
    const RowSet::Row row = set[i];
    if (row.models.size() <= kFew && !withSpread) return FewCandidates(layout, tables, to).add(row);
    return kernel(tables, {row.group, row.models.size(), row.models.data(), row.values}, withSpread,
                  layout.at(to, row.group));
  };
  const size_t stride = layout.size() + 1;
  std::vector<double> moments;
  const auto forEachPart = [&](size_t parts, const auto& add) {
    moments.assign(std::max<size_t>(1, parts) * stride, 0.0);
    compute::Pool::shared().forEachChunk(parts, [&](size_t part) {
      cancel.throwIfRaised();
      add(part, moments.data() + part * stride);
    });
    for (size_t part = 1; part < parts; ++part)
      for (size_t e = 0; e < stride; ++e) moments[e] += moments[part * stride + e];
  };
  if (set.counted() || withSpread) {
    const compute::Chunks chunks(set.size(), partRows(layout));
    forEachPart(chunks.count(), [&](size_t chunk, double* own) {
      const compute::Range range = chunks[chunk];
      // Runs of rows with as many copies: moments are linear in them.
      std::vector<double> run(stride);
      for (size_t begin = range.begin, end; begin < range.end; begin = end) {
        const double copies = set[begin].copies;
        std::fill(run.begin(), run.end(), 0.0);
        for (end = begin; end < range.end && set[end].copies == copies; ++end)
          run[layout.size()] += addRow(end, run.data());
        for (size_t e = 0; e < stride; ++e) own[e] += copies * run[e];
      }
    });
  } else {
    const PairColumns& columns = set.pairs();
    const Pairs pairs(layout, tables, columns);
    const std::vector<Part> parts = partsOf(columns, layout);
    forEachPart(parts.size(), [&](size_t part, double* own) {
      double value = 0;
      for (size_t r = parts[part].runs.begin; r < parts[part].runs.end; ++r) value += pairs.add(r, own);
      for (size_t i = parts[part].others.begin; i < parts[part].others.end; ++i)
        value += addRow(columns.others()[i], own);
      own[layout.size()] += value;
    });
  }

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
