#include "assignment/single_price.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "assignment/certificate.h"
#include "assignment/solver.h"
#include "native/assignment/instances.h"
#include "native/assignment/opened.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

double dualAt(const Problem& p, double price, const std::vector<uint8_t>& choice) {
  return certify(p, {&price, 1}, choice.data(), {}).dual;
}

// What a limit counts of the rows' best models at a price.
double totalAt(const Problem& p, double price) {
  const Limit& limit = p.limits[0];
  const Reduced reduced(p, {&price, 1});
  const RowSet rows = openRows(p, RowSample::all(p.rows));
  double total = 0, r[kMaxModels];
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowSet::Row row = rows[i];
    const size_t c = reduceRow(p, reduced, row, r);
    if (!limit.covers(row.group) || (limit.model != kAll && row.models[c] != limit.model)) continue;
    total += limit.quantity == kRequests ? 1.0 : row.value(static_cast<size_t>(limit.quantity), c);
  }
  return total;
}

// A batch of any size with one limit of any kind, at `share` of the way from what the cheapest plan comes to, to as far as
// it can be pressed.
Instance limited(uint64_t seed, double share) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const size_t rows = below(2) ? 600 + below(3000) : 9000 + below(9000), models = 2 + below(18);
  Instance instance = plain(rows, models, seed);
  Problem& p = instance.problem;
  if (below(3) == 0)
    for (float& q : instance.quality) q = std::round(16 * q) / 16;
  if (below(4) == 0)
    for (size_t e = 0; e < rows * models; ++e) instance.cost[e] = static_cast<float>(1 + e % models);
  if (below(8) == 0) std::fill(instance.cost.begin(), instance.cost.end(), 0.0f);
  if (below(3) == 0) {
    for (size_t i = 0; i < rows; ++i)
      instance.allowed.push_back((random() & p.everyModel()) | uint64_t{1} << below(models));
    p.allowed = instance.allowed.data();
  }
  if (below(2) == 0) {
    for (size_t i = 0; i < rows; ++i) instance.groups.push_back(static_cast<uint16_t>(below(3)));
    p.groups = instance.groups.data();
    p.groupCount = 3;
  }
  const int group = p.groups && below(2) ? 1 : kAll, model = below(3) == 0 ? static_cast<int>(below(models)) : kAll;
  const int quantity = model != kAll && below(2) ? kRequests : static_cast<int>(below(3));
  p.limits = {{quantity, below(2) != 0, 0, group, model}};
  const double loose = totalAt(p, 0), tight = totalAt(p, 1e9);
  p.limits[0].bound = loose + share * (tight - loose);
  if (quantity == kRequests) p.limits[0].bound = std::round(p.limits[0].bound);
  return instance;
}

PriceSearch searched(const Problem& p, const Opened& opened, uint64_t seed, std::optional<double> like) {
  PriceSearch search;
  search.scale = opened.scale;
  search.choice.assign(p.rows, 0);
  WarmStart near;
  if (like) near.prices = Eigen::VectorXd::Constant(1, *like);
  CHECK(searchSinglePrice(p, opened.terms, like ? &near : nullptr, seed, PriceBox::kDivergence, search, {}));
  return search;
}

}  // namespace

TEST_CASE("a single price is where its dual is greatest, and whole rows cost no more than one of them") {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    const Instance instance = limited(seed, 0.01 + 0.98 * static_cast<double>(seed % 17) / 17);
    const Problem& p = instance.problem;
    const Opened opened(p);
    const PriceSearch search = searched(p, opened, seed, {});
    CHECK_FALSE(search.diverged);
    const double price = search.prices[0], best = dualAt(p, price, search.choice), unit = search.scale.price[0];
    const double rounding = 1e-12 * (std::abs(best) + price * std::abs(p.limits[0].bound));
    for (const double other : {0.0, 0.5 * price, price * (1 - 1e-3), price * (1 - 1e-6), price * (1 + 1e-6),
                               price * (1 + 1e-3), 2 * price, price + unit})
      CHECK(dualAt(p, other, search.choice) <= best + rounding);
    const Certificate plan = certify(p, {&price, 1}, search.choice.data(), {});
    CHECK(plan.holds);
    // Tied rows take the slack up but for one row's worth.
    const float most = *std::max_element(instance.cost.begin(), instance.cost.end());
    CHECK(plan.objective - best <= 2 * static_cast<double>(most) + rounding);
  }
}

TEST_CASE("a price to start from, near or far, changes nothing") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    const Instance instance = limited(seed, 0.5);
    const Problem& p = instance.problem;
    const Opened opened(p);
    const PriceSearch cold = searched(p, opened, seed, {});
    const double best = dualAt(p, cold.prices[0], cold.choice);
    for (const double like : {0.0, 1e-3, 1.0, 1e3, 1e9}) {
      CAPTURE(like);
      const PriceSearch warm = searched(p, opened, seed, like * opened.scale.price[0]);
      CHECK(dualAt(p, warm.prices[0], warm.choice) == doctest::Approx(best).epsilon(1e-11));
    }
  }
}

TEST_CASE("limits that leave room have no price, and are held") {
  size_t alone = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Instance instance = limited(seed, 0.5);
    Problem& p = instance.problem;
    const PriceSearch single = searched(p, Opened(p), seed, {});
    const double price = single.prices[0];
    const Certificate plan = certify(p, {&price, 1}, single.choice.data(), {});
    // Every model may have half as much again as it gets; every other seed, one of them a little less than that.
    for (size_t j = 0; j < p.models; ++j)
      p.limits.push_back(
          {kRequests, false, std::ceil(20 + 1.5 * static_cast<double>(plan.requests[j])), kAll, static_cast<int>(j)});
    const size_t busiest =
        static_cast<size_t>(std::max_element(plan.requests.begin(), plan.requests.end()) - plan.requests.begin());
    const bool misses = seed % 2 != 0;
    if (misses) p.limits[1 + busiest].bound = std::floor(0.995 * static_cast<double>(plan.requests[busiest]));
    const Opened opened(p);
    PriceSearch search;
    search.scale = opened.scale;
    search.choice.assign(p.rows, 0);
    const bool found = searchSinglePrice(p, opened.terms, nullptr, seed, PriceBox::kDivergence, search, {});
    alone += found;
    if (!found) continue;
    const std::vector<double> prices(search.prices.begin(), search.prices.end());
    const Certificate theirs = certify(p, prices, search.choice.data(), {});
    CHECK(theirs.holds);
    // One more limit in the way may be priced in the other's stead.
    CHECK(theirs.dual >= plan.dual - 1e-11 * std::abs(plan.dual));
    if (!misses) CHECK(theirs.dual == doctest::Approx(plan.dual).epsilon(1e-11));
    const float most = *std::max_element(instance.cost.begin(), instance.cost.end());
    CHECK(theirs.objective - theirs.dual <= 2 * static_cast<double>(most) + 1e-11 * std::abs(theirs.dual));
  }
  CHECK(alone > 12);
}

TEST_CASE("what a sample does not see of other limits is seen in the whole") {
  size_t missed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    constexpr size_t kRows = 12'000, kModels = 4;
    Instance instance = plain(kRows, kModels, seed);
    Problem& p = instance.problem;
    // One row is a tenant's only one, which has no money for any model but the cheapest.
    instance.groups.assign(kRows, 0);
    const size_t only = 17 + 397 * static_cast<size_t>(seed);
    instance.groups[only] = 1;
    p.groups = instance.groups.data();
    p.groupCount = 2;
    const float* cost = p.row(kCost, only);
    p.limits = {{kQuality, true, 0.6 * reachOf(p, kQuality, true), kAll, kAll},
                {kCost, false, static_cast<double>(*std::min_element(cost, cost + kModels)), 1, kAll}};
    const Opened opened(p);
    PriceSearch search;
    search.scale = opened.scale;
    search.choice.assign(p.rows, 0);
    const bool found = searchSinglePrice(p, opened.terms, nullptr, seed, PriceBox::kDivergence, search, {});
    const std::vector<double> prices(search.prices.begin(), search.prices.end());
    if (found) CHECK(certify(p, prices, search.choice.data(), {}).holds);
    missed += !found;
    const Solution s = solve(p, {}, {});
    CHECK(s.certificate.holds);
    CHECK(s.gap < 1e-3);
  }
  CHECK(missed > 5);
}

TEST_CASE("one limit: at what can just be reached it holds, and a hair beyond is proven infeasible") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Instance instance = limited(seed, 1);
    Problem& p = instance.problem;
    CHECK(solve(p, {}, {}).certificate.holds);
    Limit& limit = p.limits[0];
    limit.bound -= limit.sign() * (limit.quantity == kRequests ? 1.0 : std::max(1e-5 * std::abs(limit.bound), 1e-3));
    const Solution beyond = solve(p, {}, {});
    CHECK(beyond.status == Status::infeasible);
    CHECK(beyond.conflict == std::vector<int>{0});
  }
}
