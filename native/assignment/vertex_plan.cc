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
// What rounding may add to a gap stays within the tolerance.
constexpr double kWithin = 0.999;
// Share of the nodes that are kept for making a plan better that was rounded from weights, where searches find none.
constexpr size_t kKept = 4;
// Regrets looked at first, in units of the objective's spread, and how much larger ones next.
constexpr double kNearRegret = 0.05, kFartherRegret = 8;

// The batch at given prices.
class Vertex {
 public:
  // In the memory of the batch before.
  void start(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
             const Eigen::VectorXd& prices, double gapTolerance) {
    problem_ = &problem;
    terms_ = &terms;
    rows_ = &rows;
    scale_ = &scale;
    prices_ = &prices;
    gapTolerance_ = gapTolerance;
    reduced_.tabulate(problem, {prices.data(), static_cast<size_t>(prices.size())});
    regret_.resize(rows.candidates());
    best_.resize(rows.size());
    for (size_t i = 0, first = 0; i < rows.size(); first += rows_->candidatesOf(i), ++i)
      best_[i] = regretsOf(rows[i], regret_.data() + first);
  }

  // Below which a gap leaves so many models beside the rows' best.
  double gapOf(size_t open) {
    const size_t rank = rows_->size() + open;
    if (rank >= regret_.size()) return kNever;
    // Most are far above it, and need not be sorted.
    double below = kNearRegret * scale_->objective;
    do {
      small_.clear();
      for (const double regret : regret_)
        if (regret < below) small_.push_back(regret);
      below *= kFartherRegret;
    } while (small_.size() <= rank && below < kNever);
    if (small_.size() <= rank) return kNever;
    const auto at = small_.begin() + static_cast<ptrdiff_t>(rank);
    std::nth_element(small_.begin(), at, small_.end());
    return *at;
  }

  // The gap of a plan; kNever if it misses a limit.
  double gapOf(const uint8_t* choice) {
    decided_ = rows_->decided;
    double gap = 0;
    for (size_t i = 0, first = 0; i < rows_->size(); first += rows_->candidatesOf(i), ++i) {
      const RowSet::Row row = (*rows_)[i];
      const size_t c = candidateOf(row, choice[row.id]);
      addChoice(*problem_, *terms_, row, c, decided_);
      gap += regret_[first + c];
    }
    plan_.start(*problem_, *terms_, *scale_, *prices_, decided_);
    return plan_.violations() == 0 ? gap + plan_.pricedSlack() : kNever;
  }

  // Looks for the best plan with a gap below `gap`; where choice[] is one, for a better one. None has a gap below
  // `least`.
  Exact search(double gap, double least, bool started, size_t nodes, uint8_t* choice,
               const compute::CancelFlag& cancel) {
    open_.clear(problem_->quantities.size(), problem_->limits.size());
    open_.decided = rows_->decided;
    chosen_.clear();
    for (size_t i = 0, first = 0; i < rows_->size(); first += rows_->candidatesOf(i), ++i) {
      const RowSet::Row row = (*rows_)[i];
      const size_t own = started ? candidateOf(row, choice[row.id]) : best_[i];
      uint64_t keep = uint64_t{1} << own | uint64_t{1} << best_[i];
      for (size_t c = 0; c < row.models.size(); ++c) keep |= static_cast<uint64_t>(regret_[first + c] < gap) << c;
      if (std::popcount(keep) == 1) {
        addChoice(*problem_, *terms_, row, best_[i], open_.decided);
      } else {
        open_.add(row, keep);
        chosen_.push_back(static_cast<size_t>(std::popcount(keep & ((uint64_t{1} << own) - 1))));
      }
    }
    plan_.start(*problem_, *terms_, *scale_, *prices_, open_.decided);
    for (size_t i = 0; i < open_.size(); ++i) plan_.add(open_[i], chosen_[i]);
    // The rows' best models may be the plan.
    const bool given = !started && plan_.violations() == 0 && plan_.gap() < gap;
    // Every plan's objective is D and its gap.
    const double enough = kWithin * gapTolerance_ * std::abs(plan_.objective() - plan_.gap());
    Exact exact = searchExact(*problem_, plan_, gap, enough > 0 ? enough + least : 0, nodes, cancel);
    exact.found |= given;
    if (!exact.found) return exact;
    for (size_t i = 0; i < rows_->size(); ++i) {
      const RowSet::Row row = (*rows_)[i];
      choice[row.id] = row.models[best_[i]];
    }
    for (size_t i = 0; i < open_.size(); ++i) choice[open_[i].id] = plan_.chosen(i).model;
    return exact;
  }

  // What of the gap searched is sure: D and regrets are sums, and round.
  double sure(double gap) const { return gap - 2 * searchRounding(*problem_, *prices_, plan_.objective()); }

 private:
  // Where a plan has none of the row's models, its first stands for it.
  static size_t candidateOf(const RowSet::Row& row, uint8_t model) {
    const size_t c = row.candidate(model);
    return c == row.models.size() ? 0 : c;
  }

  // Writes a row's regrets; returns the candidate that has none.
  size_t regretsOf(const RowSet::Row& row, double* regret) const {
    const size_t best = reduceRow(*problem_, reduced_, row, regret);
    const double least = regret[best];
    for (size_t c = 0; c < row.models.size(); ++c) regret[c] -= least;
    return best;
  }

  const Problem* problem_ = nullptr;
  const Terms* terms_ = nullptr;
  const RowSet* rows_ = nullptr;
  const Scale* scale_ = nullptr;
  const Eigen::VectorXd* prices_ = nullptr;
  double gapTolerance_ = 0;
  Reduced reduced_;
  std::vector<double> regret_, small_;  // of every candidate
  std::vector<size_t> best_;            // per row, its best candidate
  // Of a search.
  RowSet open_;
  OpenPlan plan_;
  Sums decided_;
  std::vector<size_t> chosen_;
};

// One for each thread.
Vertex& vertexAt(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                 const Eigen::VectorXd& prices, double gapTolerance) {
  thread_local Vertex vertex;
  vertex.start(problem, terms, rows, scale, prices, gapTolerance);
  return vertex;
}

}  // namespace

VertexPlan planAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                        const Eigen::VectorXd& prices, double gapTolerance, size_t nodeLimit, uint8_t* choice,
                        const compute::CancelFlag& cancel) {
  Vertex& vertex = vertexAt(problem, terms, rows, scale, prices, gapTolerance);
  VertexPlan plan;
  double before = 0;
  for (size_t open = problem.limits.size() + kOpenAtFirst;; open *= 2) {
    const double gap = vertex.gapOf(open);
    if (gap <= before) continue;
    before = gap;
    const size_t kept = gap == kNever ? 0 : nodeLimit / kKept;
    Exact exact =
        vertex.search(gap, plan.least, false, nodeLimit - std::min(nodeLimit, plan.nodes + kept), choice, cancel);
    plan.nodes += exact.nodes;
    plan.found = exact.found;
    if (exact.found && !exact.exhausted && !exact.enough) {
      exact = vertex.search(vertex.gapOf(choice), plan.least, true, nodeLimit - plan.nodes, choice, cancel);
      plan.nodes += exact.nodes;
    }
    plan.exhausted = exact.exhausted && (plan.found || gap == kNever);
    plan.least = std::max(plan.least, vertex.sure(exact.least));
    plan.enough = exact.enough;
    if (plan.found || !exact.exhausted || gap == kNever) return plan;
  }
}

VertexPlan improveAtVertex(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                           const Eigen::VectorXd& prices, double gapTolerance, double least, size_t nodeLimit,
                           uint8_t* choice, const compute::CancelFlag& cancel) {
  Vertex& vertex = vertexAt(problem, terms, rows, scale, prices, gapTolerance);
  const double gap = vertex.gapOf(choice);
  const Exact exact = vertex.search(gap, least, true, nodeLimit, choice, cancel);
  return {exact.found || gap < kNever, exact.exhausted, exact.enough, std::max(least, vertex.sure(exact.least)),
          exact.nodes};
}

}  // namespace omnirouter::assignment
