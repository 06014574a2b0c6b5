#include "assignment/vertex_plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "assignment/exact.h"
#include "assignment/open_plan.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Beside as many models as there are limits, which the vertex ties, so many are open at first; twice as many each time.
constexpr size_t kOpenAtFirst = 12;
// Share of the nodes that a search may take and find nothing.
constexpr size_t kShare = 4;

// The batch at given prices.
class Vertex {
 public:
  Vertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
         const Eigen::VectorXd& prices)
      : problem_(problem), terms_(terms), rows_(rows), scale_(scale), prices_(prices) {
    const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
    regret_.reserve(rows.candidates());
    for (size_t i = 0; i < rows.size(); ++i) {
      const RowSet::Row row = rows[i];
      const size_t first = regret_.size();
      double least = kNever;
      size_t best = 0;
      for (size_t c = 0; c < row.models.size(); ++c) {
        double r = reduced.base(row.group)[row.models[c]];
        for (size_t k = 0; k < problem.quantities.size(); ++k)
          r += reduced.weight(row.group, k)[row.models[c]] * row.value(k, c);
        regret_.push_back(r);
        if (r < least) best = c;
        least = std::min(least, r);
      }
      for (size_t c = 0; c < row.models.size(); ++c) regret_[first + c] -= least;
      best_.push_back(best);
    }
  }

  // Below which a gap leaves so many models beside the rows' best.
  double gapOf(size_t open) const {
    const size_t rank = rows_.size() + open;
    if (rank >= regret_.size()) return kNever;
    std::vector<double> sorted = regret_;
    const auto at = sorted.begin() + static_cast<ptrdiff_t>(rank);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }

  // The gap of a plan; kNever if it misses a limit.
  double gapOf(const uint8_t* choice) const {
    Sums totals = rows_.decided;
    double gap = 0;
    for (size_t i = 0, first = 0; i < rows_.size(); first += rows_[i].models.size(), ++i) {
      const RowSet::Row row = rows_[i];
      const size_t c = candidateOf(row, choice[row.id]);
      addChoice(problem_, terms_, row, c, totals);
      gap += regret_[first + c];
    }
    const OpenPlan plan(problem_, terms_, scale_, prices_, std::move(totals));
    return plan.violations() == 0 ? gap + plan.pricedSlack() : kNever;
  }

  // Looks for the best plan with a gap below `gap`; where choice[] is one, for a better one.
  Exact search(double gap, bool started, size_t nodes, uint8_t* choice, const compute::CancelFlag& cancel) const {
    RowSet open(problem_.quantities.size(), problem_.limits.size());
    open.decided = rows_.decided;
    std::vector<size_t> chosen;
    std::vector<uint8_t> plan(rows_.size());
    for (size_t i = 0, first = 0; i < rows_.size(); first += rows_[i].models.size(), ++i) {
      const RowSet::Row row = rows_[i];
      const size_t own = started ? candidateOf(row, choice[row.id]) : best_[i];
      uint64_t keep = uint64_t{1} << own | uint64_t{1} << best_[i];
      for (size_t c = 0; c < row.models.size(); ++c) keep |= static_cast<uint64_t>(regret_[first + c] < gap) << c;
      plan[i] = static_cast<uint8_t>(best_[i]);
      if (std::popcount(keep) == 1) {
        addChoice(problem_, terms_, row, best_[i], open.decided);
      } else {
        open.add(row, keep);
        chosen.push_back(static_cast<size_t>(std::popcount(keep & ((uint64_t{1} << own) - 1))));
      }
    }
    OpenPlan openPlan(problem_, terms_, scale_, prices_, open.decided);
    for (size_t i = 0; i < open.size(); ++i) openPlan.add(open[i], chosen[i]);
    // The rows' best models may be the plan.
    const bool given = !started && openPlan.violations() == 0 && openPlan.gap() < gap;
    Exact exact = searchExact(problem_, openPlan, gap, nodes, cancel);
    exact.found |= given;
    if (!exact.found) return exact;
    for (size_t i = 0; i < rows_.size(); ++i) choice[rows_[i].id] = rows_[i].models[plan[i]];
    for (size_t i = 0; i < open.size(); ++i) choice[open[i].id] = openPlan.chosen(i).model;
    return exact;
  }

 private:
  static size_t candidateOf(const RowSet::Row& row, uint8_t model) {
    const auto at = std::find(row.models.begin(), row.models.end(), model);
    return at == row.models.end() ? 0 : static_cast<size_t>(at - row.models.begin());
  }

  const Problem& problem_;
  const Terms& terms_;
  const RowSet& rows_;
  const Scale& scale_;
  const Eigen::VectorXd& prices_;
  std::vector<double> regret_;  // of every candidate
  std::vector<size_t> best_;    // per row, its best candidate
};

}  // namespace

VertexPlan planAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                        const Eigen::VectorXd& prices, size_t nodeLimit, uint8_t* choice,
                        const compute::CancelFlag& cancel) {
  const Vertex vertex(problem, terms, rows, scale, prices);
  VertexPlan plan;
  double before = 0;
  for (size_t open = problem.limits.size() + kOpenAtFirst;; open *= 2) {
    const double gap = vertex.gapOf(open);
    if (gap <= before) continue;
    before = gap;
    const size_t share = gap == kNever ? nodeLimit - plan.nodes : nodeLimit / kShare;
    Exact exact = vertex.search(gap, false, std::min(share, nodeLimit - plan.nodes), choice, cancel);
    plan.nodes += exact.nodes;
    plan.found = exact.found;
    if (exact.found && !exact.exhausted) {
      exact = vertex.search(vertex.gapOf(choice), true, nodeLimit - plan.nodes, choice, cancel);
      plan.nodes += exact.nodes;
    }
    plan.exhausted = exact.exhausted && (plan.found || gap == kNever);
    if (plan.found || !exact.exhausted || gap == kNever) return plan;
  }
}

VertexPlan improveAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                           const Eigen::VectorXd& prices, size_t nodeLimit, uint8_t* choice,
                           const compute::CancelFlag& cancel) {
  const Vertex vertex(problem, terms, rows, scale, prices);
  const double gap = vertex.gapOf(choice);
  const Exact exact = vertex.search(gap, true, nodeLimit, choice, cancel);
  return {exact.found || gap < kNever, exact.exhausted, exact.nodes};
}

}  // namespace omnirouter::assignment
