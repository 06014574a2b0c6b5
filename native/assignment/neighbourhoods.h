// What a local search of plans looks at around one (its neighbourhoods): every row's change of model, pairs and chains of
// them. Each is tried in an order that ends early, because a change has its price: the regrets of its moves.
#pragma once

#include <algorithm>
#include <vector>

#include "assignment/open_plan.h"

namespace omnirouter::assignment {

// Pairs of moves are searched among this many best single moves.
inline constexpr size_t kPairMoves = 256;

// A row's change of model.
struct Single {
  OpenPlan::Move move;
  double regret, objective;  // what the move adds
  int broken = -1;           // a limit that does not hold after the move alone
  double relief = 0;         // of the limits missed

  bool operator<(const Single& other) const {
    return regret != other.regret ? regret < other.regret : move.to < other.move.to;
  }
};

struct BeforeOther {
  bool operator()(const Single* a, const Single* b) const { return *a < *b; }
};

// Every change of one row that adds at most `most` to the regrets. The kPairMoves of least regret come first, in order.
std::vector<Single> singles(const OpenPlan& plan, double most);

// Pairs of different rows among the first moves, as long as the regrets of both stay within `regretLimit()`.
template <class RegretLimit, class Visit>
void forEachPair(const std::vector<Single>& moves, const RegretLimit& regretLimit, const Visit& visit) {
  const size_t tried = std::min(moves.size(), kPairMoves);
  for (size_t a = 0; a < tried; ++a)
    for (size_t b = a + 1; b < tried; ++b) {
      if (moves[a].regret + moves[b].regret > regretLimit()) break;
      if (moves[a].move.row != moves[b].move.row) visit(moves[a], moves[b]);
    }
}

// Pairs of moves that change places: a row from one model to another, and one of the same group the other way. Whatever
// is limited per model or per group changes little, so that these still fit where no other pair does. Among all moves.
template <class RegretLimit, class Visit>
void forEachExchange(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves,
                     const RegretLimit& regretLimit, const Visit& visit) {
  const size_t models = problem.models;
  std::vector<std::vector<const Single*>> between(problem.groupCount * models * models);
  for (const Single& single : moves) {
    const size_t group = problem.group(plan.rows()[single.move.row].id);
    const size_t from = plan.chosen(single.move.row).model, to = plan.candidates()[single.move.to].model;
    between[(group * models + from) * models + to].push_back(&single);
  }
  for (auto& list : between) std::sort(list.begin(), list.end(), BeforeOther());
  for (size_t group = 0; group < problem.groupCount; ++group)
    for (size_t j = 0; j < models; ++j)
      for (size_t k = j + 1; k < models; ++k) {
        const auto& back = between[(group * models + k) * models + j];
        for (const Single* a : between[(group * models + j) * models + k])
          for (const Single* b : back) {
            if (a->regret + b->regret > regretLimit()) break;
            visit(*a, *b);
          }
      }
}

// Pairs of a move that is wanted, the first by `rank` of those for which it is negative, and one of a row that leaves the
// model it goes to, of whatever group: a tenant that misses its budget changes places with one that does not.
template <class Rank, class RegretLimit, class Visit>
void forEachRelay(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves, const Rank& rank,
                  const RegretLimit& regretLimit, const Visit& visit) {
  constexpr size_t kWanted = 128;
  struct Wanted {
    double rank;
    const Single* single;
    bool operator<(const Wanted& other) const {
      return rank != other.rank ? rank < other.rank : single->move.to < other.single->move.to;
    }
  };
  std::vector<Wanted> wanted;
  std::vector<std::vector<const Single*>> leaving(problem.models);
  for (const Single& single : moves) {
    if (const double own = rank(single); own < 0) wanted.push_back({own, &single});
    leaving[plan.chosen(single.move.row).model].push_back(&single);
  }
  std::sort(wanted.begin(), wanted.end());
  if (wanted.size() > kWanted) wanted.resize(kWanted);
  for (auto& list : leaving) std::sort(list.begin(), list.end(), BeforeOther());
  for (const Wanted& a : wanted)
    for (const Single* b : leaving[plan.candidates()[a.single->move.to].model]) {
      if (a.single->regret + b->regret > regretLimit()) break;
      if (a.single->move.row != b->move.row) visit(*a.single, *b);
    }
}

// Chains of three moves that fill a place whose price is not paid: a row into the model that has room, one into the place
// it leaves, and one more. Where qualities are steps of a scale and every capacity is full, nothing shorter may fit.
template <class RegretLimit, class Visit>
void forEachChain(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves,
                  const RegretLimit& regretLimit, const Visit& visit) {
  constexpr size_t kPerPair = 3;  // moves between the same two models
  // The share of all that priced slack costs from which a limit's is worth the search.
  constexpr double kWorthFilling = 0.05;
  const size_t models = problem.models;
  std::vector<const Single*> sorted;
  for (const Single& single : moves) sorted.push_back(&single);
  std::sort(sorted.begin(), sorted.end(), BeforeOther());
  std::vector<std::vector<const Single*>> into(models);
  std::vector<size_t> between(models * models, 0);
  for (const Single* single : sorted) {
    const size_t from = plan.chosen(single->move.row).model, to = plan.candidates()[single->move.to].model;
    if (between[from * models + to]++ < kPerPair) into[to].push_back(single);
  }
  const auto from = [&](const Single* single) -> size_t { return plan.chosen(single->move.row).model; };
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    if (limit.model == kAll || limit.atLeast) continue;
    if (limit.quantity == kRequests ? plan.slack()[l] < 1 : plan.slack()[l] <= 0) continue;
    if (plan.prices()[static_cast<Eigen::Index>(l)] * plan.slack()[l] < kWorthFilling * plan.pricedSlack()) continue;
    for (const Single* a : into[static_cast<size_t>(limit.model)])
      for (const Single* b : into[from(a)]) {
        if (a->regret + b->regret > regretLimit()) break;
        if (b->move.row == a->move.row) continue;
        for (const Single* c : into[from(b)]) {
          if (a->regret + b->regret + c->regret > regretLimit()) break;
          if (c->move.row == a->move.row || c->move.row == b->move.row) continue;
          visit(*a, *b, *c);
        }
      }
  }
}

}  // namespace omnirouter::assignment
