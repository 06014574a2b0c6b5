#include "assignment/tie_break.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <vector>

#include "assignment/attempt.h"
#include "assignment/cells.h"
#include "assignment/equal_models.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 8192;
// Batches of so many rows are looked through even where prices have broken ties already.
constexpr size_t kMostRepaired = 4096;

Cells cellsOf(const Problem& problem, const std::vector<uint8_t>& choice) {
  Cells cells(problem);
  cells.add(0, choice);
  return cells;
}

bool holds(const Problem& problem, const Cells& cells) {
  return std::all_of(problem.limits.begin(), problem.limits.end(), [&](const Limit& limit) {
    return limit.sign() * cells.total(limit) <= farthest(limit);
  });
}

// Calls visit(row, slice) for every row, slices side by side.
template <class Visit>
void forEachRow(const Problem& problem, const compute::CancelFlag& cancel, const Visit& visit) {
  const compute::Chunks chunks(problem.rows, kSlice);
  const auto visitSlice = [&chunks, &cancel, &visit](size_t chunk) {
    cancel.throwIfRaised();
    for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i) visit(i, chunk);
  };
  // A small batch needs no memory.
  if (chunks.count() == 1) return visitSlice(0);
  compute::Pool::shared().forEachChunk(chunks.count(), visitSlice);
}

// The rows that have models to choose from, as a problem of their own: the tie-break is its objective, and limits are less
// what the other rows take of them.
class TiedRows {
 public:
  TiedRows(const Problem& whole, const EqualModels& equal, const std::vector<uint8_t>& choice,
           const compute::CancelFlag& cancel)
      : problem_(whole), values_(whole.quantities.size()) {
    std::vector<std::vector<uint32_t>> tied(compute::Chunks(whole.rows, kSlice).count());
    forEachRow(whole, cancel, [&](size_t i, size_t slice) {
      if (equal.mayHave(i, choice[i]) && equal.differ(i, equal.of(i, choice[i])))
        tied[slice].push_back(static_cast<uint32_t>(i));
    });
    for (const auto& part : tied) rows_.insert(rows_.end(), part.begin(), part.end());
    std::vector<uint8_t> own;
    for (const uint32_t i : rows_) {
      own.push_back(choice[i]);
      allowed_.push_back(equal.of(i, choice[i]));
      groups_.push_back(static_cast<uint16_t>(whole.group(i)));
      for (size_t k = 0; k < values_.size(); ++k)
        values_[k].insert(values_[k].end(), whole.row(k, i), whole.row(k, i) + whole.models);
    }
    const Cells all = cellsOf(whole, choice);
    problem_.rows = rows_.size();
    for (size_t k = 0; k < values_.size(); ++k) problem_.quantities[k].values = values_[k].data();
    problem_.allowed = allowed_.data();
    problem_.groups = groups_.data();
    const Cells theirs = cellsOf(problem_, own);
    for (Limit& limit : problem_.limits) limit.bound -= all.total(limit) - theirs.total(limit);
    std::fill(problem_.objective.begin(), problem_.objective.end(), 0.0);
    problem_.objective[static_cast<size_t>(whole.tieBreak)] = whole.tieSign();
    problem_.objectiveGroup = kAll;
    problem_.tieBreak = -1;
  }

  // A plan of them, put into that of all.
  void plan(const Options& options, std::vector<uint8_t>& choice, const compute::CancelFlag& cancel) const {
    Options own = options;
    own.warmStart = own.warmReach = {};
    const Attempt best = attempt(problem_, Terms(problem_), own, cancel);
    for (size_t n = 0; n < rows_.size(); ++n) choice[rows_[n]] = best.choice[n];
  }

 private:
  Problem problem_;
  std::vector<uint32_t> rows_;
  std::vector<std::vector<float>> values_;
  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

// Whether prices prefer what the tie-break does, whichever the model: rows that have their best at the prices then have the
// best of equals.
bool pricesBreakTies(const Problem& problem, std::span<const double> prices) {
  std::vector<char> priced(problem.groupCount);
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    if (prices[l] == 0) continue;
    if (limit.model != kAll || limit.quantity != problem.tieBreak || limit.sign() != problem.tieSign()) return false;
    for (size_t g = 0; g < problem.groupCount; ++g) priced[g] |= limit.covers(static_cast<int>(g));
  }
  return std::all_of(priced.begin(), priced.end(), [](char any) { return any != 0; });
}

}  // namespace

bool breakTies(const Problem& problem, const Options& options, std::span<const double> prices, uint8_t* choice,
               const compute::CancelFlag& cancel) {
  if (problem.tieBreak < 0 || problem.rows == 0) return false;
  // A repair moves few rows of a large batch off their best.
  if (problem.rows > kMostRepaired && pricesBreakTies(problem, prices)) return false;
  const EqualModels equal(problem);
  std::atomic<bool> found = false;
  forEachRow(problem, cancel, [&](size_t i, size_t) {
    if (equal.best(i, choice[i]) != choice[i]) found.store(true, std::memory_order_relaxed);
  });
  if (!found) return false;

  const std::vector<uint8_t> before(choice, choice + problem.rows);
  const auto quantity = static_cast<size_t>(problem.tieBreak);
  const double had = problem.tieSign() * cellsOf(problem, before).quantity(quantity);
  const auto take = [&](const std::vector<uint8_t>& plan) {
    const Cells cells = cellsOf(problem, plan);
    if (!holds(problem, cells) || !(problem.tieSign() * cells.quantity(quantity) < had)) return false;
    std::copy(plan.begin(), plan.end(), choice);
    return true;
  };
  std::vector<uint8_t> plan = before;
  forEachRow(problem, cancel, [&](size_t i, size_t) { plan[i] = static_cast<uint8_t>(equal.best(i, before[i])); });
  if (take(plan)) return true;
  if (cancel.mustEnd()) return false;
  plan = before;
  TiedRows(problem, equal, before, cancel).plan(options, plan, cancel);
  return take(plan);
}

}  // namespace omnirouter::assignment
