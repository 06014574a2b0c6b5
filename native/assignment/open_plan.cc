#include "assignment/open_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace omnirouter::assignment {

void OpenPlan::start(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices,
                     const Sums& totals) {
  problem_ = &problem;
  terms_ = &terms;
  scale_ = &scale;
  prices_ = &prices;
  reduced_.tabulate(problem, {prices.data(), static_cast<size_t>(prices.size())});
  rows_.clear();
  candidates_.clear();
  entries_.clear();
  objective_ = totals.objective;
  regret_ = 0;
  slack_.resize(problem.limits.size());
  rounding_.resize(problem.limits.size());
  change_.assign(problem.limits.size(), 0.0);
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    slack_[l] = limit.sign() * limit.bound - totals.limit[l];
    rounding_[l] = kSearched * rounding(limit);
  }
  emptySlack_ = slack_;
}

void OpenPlan::add(const RowSet::Row& row, size_t chosen) {
  const size_t quantities = problem_->quantities.size();
  Row entry{row.id, candidates_.size(), candidates_.size() + row.models.size(), candidates_.size() + chosen};
  double least = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < row.models.size(); ++c) {
    const uint8_t model = row.models[c];
    Candidate candidate{model, reduced_.base(row.group)[model], 0.0, entries_.size(), 0};
    for (size_t k = 0; k < quantities; ++k) {
      candidate.objective += problem_->weight(k, row.group) * row.value(k, c);
      candidate.regret += reduced_.weight(row.group, k)[model] * row.value(k, c);
    }
    least = std::min(least, candidate.regret);
    const auto addEntry = [&](const Term& term) {
      entries_.push_back({term.limit, term.quantity == kRequests
                                          ? term.sign
                                          : term.sign * row.value(static_cast<size_t>(term.quantity), c)});
    };
    for (const Term& term : terms_->shared(row.group)) addEntry(term);
    for (const Term& term : terms_->own(row.group, model)) addEntry(term);
    candidate.lastEntry = entries_.size();
    candidates_.push_back(candidate);
  }
  for (size_t c = entry.firstCandidate; c < entry.lastCandidate; ++c) {
    candidates_[c].regret -= least;
    // Only memory that changed under the solve holds NaN; nothing is to be sorted by it.
    if (std::isnan(candidates_[c].regret)) candidates_[c].regret = std::numeric_limits<double>::infinity();
  }
  rows_.push_back(entry);
  const Candidate& picked = candidates_[entry.chosen];
  objective_ += picked.objective;
  regret_ += picked.regret;
  for (const Entry& e : entries(picked)) slack_[static_cast<size_t>(e.limit)] -= e.amount;
}

int OpenPlan::violations() const {
  int count = 0;
  for (size_t l = 0; l < slack_.size(); ++l) count += violated(l);
  return count;
}

double OpenPlan::excess() const {
  double sum = 0;
  for (size_t l = 0; l < slack_.size(); ++l) sum += weighted(l, slack_[l]);
  return sum;
}

double OpenPlan::pricedSlack() const {
  double sum = 0;
  for (size_t l = 0; l < slack_.size(); ++l) sum += (*prices_)[static_cast<Eigen::Index>(l)] * slack_[l];
  return sum;
}

OpenPlan::Effect OpenPlan::effect(std::span<const Move> moves) const {
  Effect effect;
  const auto touch = [&](const Entry& e, double sign) {
    double& change = change_[static_cast<size_t>(e.limit)];
    if (change == 0) touched_.push_back(e.limit);  // a limit listed twice does no harm: its change is taken once
    change += sign * e.amount;
  };
  for (const Move& move : moves) {
    const Candidate& from = chosen(move.row);
    const Candidate& to = candidates_[move.to];
    effect.regret += to.regret - from.regret;
    effect.objective += to.objective - from.objective;
    for (const Entry& e : entries(from)) touch(e, 1);
    for (const Entry& e : entries(to)) touch(e, -1);
  }
  for (const int l : touched_) {
    const auto limit = static_cast<size_t>(l);
    const double before = slack_[limit], after = before + change_[limit];
    if (change_[limit] == 0) continue;
    effect.excess += weighted(limit, after) - weighted(limit, before);
    const bool heldBefore = before >= -rounding_[limit], holdsAfter = after >= -rounding_[limit];
    effect.holds &= holdsAfter;
    effect.mended += !heldBefore && holdsAfter;
    change_[limit] = 0;
  }
  touched_.clear();
  return effect;
}

int OpenPlan::breaks(const Move& move) const {
  const auto isBroken = [&](int limit) {
    const auto l = static_cast<size_t>(limit);
    return !violated(l) && slack_[l] + change(move, limit) < -rounding_[l];
  };
  for (const Entry& e : entries(candidates_[move.to]))
    if (isBroken(e.limit)) return e.limit;
  for (const Entry& e : entries(chosen(move.row)))  // what it adds to a floor is gone
    if (e.amount < 0 && isBroken(e.limit)) return e.limit;
  return -1;
}

double OpenPlan::relief(const Move& move) const {
  const auto touch = [&](const Entry& e, double sign) {
    if (!violated(static_cast<size_t>(e.limit))) return;
    double& change = change_[static_cast<size_t>(e.limit)];
    if (change == 0) touched_.push_back(e.limit);
    change += sign * e.amount;
  };
  for (const Entry& e : entries(chosen(move.row))) touch(e, 1);
  for (const Entry& e : entries(candidates_[move.to])) touch(e, -1);
  double relief = 0;
  for (const int limit : touched_) {
    const auto l = static_cast<size_t>(limit);
    relief += std::max(0.0, weighted(l, slack_[l]) - weighted(l, slack_[l] + change_[l]));
    change_[l] = 0;
  }
  touched_.clear();
  return relief;
}

double OpenPlan::change(const Move& move, int limit) const {
  double change = 0;
  for (const Entry& e : entries(chosen(move.row)))
    if (e.limit == limit) change += e.amount;
  for (const Entry& e : entries(candidates_[move.to]))
    if (e.limit == limit) change -= e.amount;
  return change;
}

void OpenPlan::apply(std::span<const Move> moves) {
  for (const Move& move : moves) {
    const Candidate& from = chosen(move.row);
    const Candidate& to = candidates_[move.to];
    for (const Entry& e : entries(from)) slack_[static_cast<size_t>(e.limit)] += e.amount;
    for (const Entry& e : entries(to)) slack_[static_cast<size_t>(e.limit)] -= e.amount;
    objective_ += to.objective - from.objective;
    regret_ += to.regret - from.regret;
    rows_[move.row].chosen = move.to;
  }
}

}  // namespace omnirouter::assignment
