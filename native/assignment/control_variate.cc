#include "assignment/control_variate.h"

#include <algorithm>

#include "assignment/cells.h"
#include "assignment/row_blocks.h"
#include "compute/chunks.h"
#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

// Softmin weights below 2^-40 (kernels/softmin_row.inl).
constexpr double kNegligible = 27.8;

}  // namespace

Sums leastSums(const Problem& problem, const Eigen::VectorXd& prices, const compute::CancelFlag& cancel,
               uint8_t* choice) {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const LeastReduced kernel = leastReduced(compute::isa());
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
  Sums sums(problem.limits.size());
  double r[kMaxModels];
  for (size_t i = 0; i < sample.size(); ++i) {
    const RowSet::Row row = sample[i];
    const size_t c = reduceRow(problem, reduced, row, r);
    chosen_[i] = static_cast<uint8_t>(c);
    addChoice(problem, terms, row, c, sums);
  }
  sample.decided.objective = known.sums.objective - sample.weight * sums.objective;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    sample.decided.limit[l] = known.sums.limit[l] - sample.weight * sums.limit[l];
}

Eigen::MatrixXd ControlVariate::spread(const Problem& problem, const Terms& terms, const RowSet& sample,
                                       const Eigen::VectorXd& prices, double tau) const {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const auto limits = static_cast<Eigen::Index>(problem.limits.size());
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(limits, limits);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(limits), difference = sum;
  std::vector<Eigen::Index> touched;
  double r[kMaxModels];
  const auto add = [&](const RowSet::Row& row, size_t c, double times) {
    const auto entry = [&](const Term& term) {
      const double amount = term.quantity == kRequests ? 1.0 : row.value(static_cast<size_t>(term.quantity), c);
      if (difference[term.limit] == 0) touched.push_back(term.limit);
      difference[term.limit] += times * term.sign * amount;
    };
    for (const Term& term : terms.shared(row.group)) entry(term);
    for (const Term& term : terms.own(row.group, row.models[c])) entry(term);
  };
  for (size_t i = 0; i < sample.size(); ++i) {
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
      if (r[c] > 0) add(row, c, r[c] / total);
    add(row, chosen_[i], -1);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const Eigen::Index a : touched) {
      sum[a] += difference[a];
      for (const Eigen::Index b : touched) second(a, b) += difference[a] * difference[b];
    }
    for (const Eigen::Index a : touched) difference[a] = 0;
    touched.clear();
  }
  const auto rows = static_cast<double>(rows_);
  return (second - sum * sum.transpose() / rows) / std::max(1.0, rows - 1);
}

}  // namespace omnirouter::assignment
