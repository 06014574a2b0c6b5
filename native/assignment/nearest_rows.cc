#include "assignment/nearest_rows.h"

#include <algorithm>
#include <numeric>

namespace omnirouter::assignment {

namespace {

// So many rows are searched without looking for the nearest.
constexpr size_t kAllRows = 256;
// Rows that are looked at for each limit missed.
constexpr size_t kPerMissed = 64;

// A row's move and what it costs: regret, or regret by what it relieves.
struct Offer {
  double price;
  size_t row;
  bool operator<(const Offer& other) const { return price != other.price ? price < other.price : row < other.row; }
};

// The cheapest offers, as a max-heap of them.
void keep(std::vector<Offer>& cheapest, size_t most, const Offer& offer) {
  if (cheapest.size() == most) {
    if (!(offer < cheapest.front())) return;
    std::pop_heap(cheapest.begin(), cheapest.end());
    cheapest.pop_back();
  }
  cheapest.push_back(offer);
  std::push_heap(cheapest.begin(), cheapest.end());
}

// By how much a row's move from candidate `from` to `to` relieves a limit of its group.
double reliefOf(const Limit& limit, const RowSet::Row& row, size_t from, size_t to) {
  const auto amount = [&](size_t c) {
    if (limit.model != kAll && limit.model != static_cast<int>(row.models[c])) return 0.0;
    return limit.quantity == kRequests ? 1.0 : static_cast<double>(row.value(static_cast<size_t>(limit.quantity), c));
  };
  return limit.sign() * (amount(from) - amount(to));
}

}  // namespace

std::vector<size_t> nearestRows(const Problem& problem, const Reduced& reduced, const RowSet& set,
                                const std::vector<uint8_t>& chosen, const std::vector<size_t>& missed) {
  std::vector<size_t> rows;
  if (set.size() <= kAllRows) {
    rows.resize(set.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    return rows;
  }
  const size_t models = problem.models;
  const size_t perPair = std::max<size_t>(6, 2048 / (models * models));
  std::vector<std::vector<Offer>> offers(models * models + missed.size());
  double r[kMaxModels];
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    reduceRow(problem, reduced, row, r);
    for (size_t c = 0; c < row.models.size(); ++c) {
      if (c == chosen[i]) continue;
      const double regret = r[c] - r[chosen[i]];
      keep(offers[row.models[chosen[i]] * models + row.models[c]], perPair, {regret, i});
      for (size_t m = 0; m < missed.size(); ++m) {
        const Limit& limit = problem.limits[missed[m]];
        const double relief = limit.covers(row.group) ? reliefOf(limit, row, chosen[i], c) : 0;
        if (relief > 0) keep(offers[models * models + m], kPerMissed, {regret / relief, i});
      }
    }
  }
  for (const auto& heap : offers)
    for (const Offer& offer : heap) rows.push_back(offer.row);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace omnirouter::assignment
