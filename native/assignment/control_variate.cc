#include "assignment/control_variate.h"

#include <algorithm>

#include "assignment/cells.h"
#include "assignment/row_blocks.h"
#include "compute/chunks.h"
#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Softmin weights of less than a thousandth tell nothing about how much rows differ.
constexpr double kNegligible = 7;
// Rows that a thread takes at a time.
constexpr size_t kSlice = 4096;

}  // namespace

Sums leastSums(const Problem& problem, const Eigen::VectorXd& prices, const compute::CancelFlag& cancel,
               uint8_t* choice) {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const LeastReduced kernel = leastReduced(compute::isa());
  cancel.count(compute::WorkKind::entries, problem.entries());
  const compute::Chunks chunks(problem.rows, cellRows(problem));
  std::vector<Cells> cells(chunks.count(), Cells(problem));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    forEachBlock(problem, reduced, chunks[chunk], [&](size_t first, const LeastReducedBlock& block) {
      double least[kBlockRows];
      uint8_t which[kBlockRows];
      kernel(block, least, which);
      cells[chunk].add(first, {which, block.rows});
      if (choice) std::copy_n(which, block.rows, choice + first);
    });
  });
  Cells all(problem);
  for (const Cells& c : cells) all.add(c);
  Sums sums(problem.limits.size());
  sums.objective = all.objective();
  for (size_t l = 0; l < problem.limits.size(); ++l)
    sums.limit[l] = problem.limits[l].sign() * all.total(problem.limits[l]);
  return sums;
}

ControlVariate::ControlVariate(const Problem& problem, const Terms& terms, const Known& known, size_t rows,
                               RowSet& sample)
    : rows_(rows), chosen_(sample.size()) {
  const Reduced reduced(problem, {known.prices.data(), static_cast<size_t>(known.prices.size())});
  const compute::Chunks chunks(sample.size(), kSlice);
  std::vector<Sums> parts(chunks.count(), Sums(problem.limits.size()));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    double r[kMaxModels];
    for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i) {
      const RowSet::Row row = sample[i];
      const size_t c = reduceRow(problem, reduced, row, r);
      chosen_[i] = static_cast<uint8_t>(c);
      addChoice(problem, terms, row, c, parts[chunk]);
    }
  });
  Sums sums(problem.limits.size());
  for (const Sums& part : parts) sums.add(part);
  sample.decided.objective = known.sums.objective - sample.weight * sums.objective;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    sample.decided.limit[l] = known.sums.limit[l] - sample.weight * sums.limit[l];
}

namespace {

// Sums over rows of what one differs by, and of its products.
struct Differences {
  explicit Differences(Eigen::Index limits)
      : sum(Eigen::VectorXd::Zero(limits)), products(Eigen::MatrixXd::Zero(limits, limits)), row(sum) {}

  void add(const Terms& terms, const RowSet::Row& from, size_t c, double times) {
    const auto entry = [&](const Term& term) {
      const double amount = term.quantity == kRequests ? 1.0 : from.value(static_cast<size_t>(term.quantity), c);
      if (row[term.limit] == 0) touched.push_back(term.limit);
      row[term.limit] += times * term.sign * amount;
    };
    for (const Term& term : terms.shared(from.group)) entry(term);
    for (const Term& term : terms.own(from.group, from.models[c])) entry(term);
  }
  void endRow() {
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const Eigen::Index a : touched) {
      sum[a] += row[a];
      for (const Eigen::Index b : touched) products(a, b) += row[a] * row[b];
    }
    for (const Eigen::Index a : touched) row[a] = 0;
    touched.clear();
  }

  Eigen::VectorXd sum;
  Eigen::MatrixXd products;

 private:
  Eigen::VectorXd row;
  std::vector<Eigen::Index> touched;
};

}  // namespace

Eigen::MatrixXd ControlVariate::spread(const Problem& problem, const Terms& terms, const RowSet& sample,
                                       const Eigen::VectorXd& prices, double tau) const {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const size_t limits = problem.limits.size();
  // Rows enough to pay for the sums of their products.
  const compute::Chunks chunks(sample.size(), std::max(kSlice / 4, limits * limits / 4));
  std::vector<Differences> parts(std::max<size_t>(1, chunks.count()), Differences(static_cast<Eigen::Index>(limits)));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    Differences& part = parts[chunk];
    double r[kMaxModels];
    for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i) {
      const RowSet::Row row = sample[i];
      const size_t best = reduceRow(problem, reduced, row, r);
      const double least = r[best];
      double total = 0;
      for (size_t c = 0; c < row.models.size(); ++c) {
        const double x = (r[c] - least) / tau;
        total += r[c] = x <= kNegligible ? compute::expOfMinus(x) : 0.0;
      }
      // Most rows keep their model, and no other has any weight.
      if (best == chosen_[i] && total == 1) continue;
      for (size_t c = 0; c < row.models.size(); ++c)
        if (r[c] > 0) part.add(terms, row, c, r[c] / total);
      part.add(terms, row, chosen_[i], -1);
      part.endRow();
    }
  });
  Differences& all = parts.front();
  for (size_t part = 1; part < parts.size(); ++part) {
    all.sum += parts[part].sum;
    all.products += parts[part].products;
  }
  const auto rows = static_cast<double>(rows_);
  return (all.products - all.sum * all.sum.transpose() / rows) / std::max(1.0, rows - 1);
}

}  // namespace omnirouter::assignment
