#include "assignment/trust_region.h"

#include <doctest/doctest.h>

#include "assignment/newton.h"
#include "assignment/screening.h"
#include "assignment/smoothed_dual.h"
#include "compute/cpu.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// A random instance with more limits of the kinds that share a region: floors per group, a budget on tokens, a second
// capacity on a model that has one, and least numbers of requests.
Instance richInstance(uint64_t seed) {
  Instance instance = randomInstance(seed, 120, seed % 16 == 0 ? 64 : 7);
  Problem& p = instance.problem;
  std::mt19937_64 random(seed ^ 0x5EED);
  const auto n = static_cast<double>(p.rows);
  const auto model = [&] { return static_cast<int>(random() % p.models); };
  const auto group = [&] { return static_cast<int>(random() % p.groupCount); };
  if (random() % 2) p.limits.push_back({kTokens, false, 200 * n, kAll, kAll});
  if (random() % 2) p.limits.push_back({kCost, false, n, group(), kAll});
  if (random() % 2) p.limits.push_back({kQuality, true, 0.3 * n, group(), kAll});
  if (random() % 3 == 0) p.limits.push_back({kRequests, true, 0.1 * n, kAll, model()});
  if (random() % 3 == 0) p.limits.push_back({kRequests, false, 0.5 * n, group(), model()});
  if (random() % 3 == 0) p.limits.push_back({kQuality, true, 1, kAll, model()});
  if (random() % 5 == 0) p.limits.push_back({kRequests, false, 2 * n, kAll, kAll});
  if (random() % 4 == 0) p.limits.push_back({kTokens, true, 50 * n, kAll, model()});
  return instance;
}

// The farthest point from the centre along `direction` that the region contains, to within 1 %.
VectorXd farthest(const TrustRegion& region, const VectorXd& direction) {
  double inside = 0, outside = 1;
  while (outside < 1e30 && region.contains(region.center() + outside * direction)) {
    inside = outside;
    outside *= 2;
  }
  for (int half = 0; half < 12; ++half) {
    const double middle = inside > 0 ? std::sqrt(inside * outside) : outside * 1e-3;
    (region.contains(region.center() + middle * direction) ? inside : outside) = middle;
  }
  return region.center() + inside * direction;
}

bool sameRows(const RowSet& a, const RowSet& b) {
  bool same = a.size() == b.size() && a.decided.objective == b.decided.objective && a.decided.limit == b.decided.limit;
  for (size_t s = 0; same && s < a.size(); ++s)
    same = a[s].id == b[s].id &&
           std::equal(a[s].models.begin(), a[s].models.end(), b[s].models.begin(), b[s].models.end());
  return same;
}

struct Tally {
  size_t decided = 0, dropped = 0, places = 0;
};

// Every verdict of `set` must hold at prices y: decided rows keep choice[], and a dropped model wins no row.
void checkVerdicts(const Problem& p, const RowSet& set, const std::vector<uint8_t>& choice, const VectorXd& y,
                   Tally& tally) {
  std::vector<uint64_t> open(p.rows, 0);
  for (size_t s = 0; s < set.size(); ++s)
    for (const uint8_t j : set[s].models) open[set[s].id] |= uint64_t{1} << j;
  ++tally.places;
  size_t wrong = 0;
  for (size_t i = 0; i < p.rows; ++i) {
    const uint64_t standing = open[i] ? open[i] : uint64_t{1} << choice[i];
    tally.decided += open[i] == 0;
    double kept = std::numeric_limits<double>::infinity(), size = 0;
    for (size_t j = 0; j < p.models; ++j) {
      if (!isAllowed(p, i, j)) continue;
      size = std::max(size, std::abs(objectiveOf(p, i, j)));
      for (size_t l = 0; l < p.limits.size(); ++l)
        size = std::max(size, std::abs(y[static_cast<Index>(l)]) * amount(p, p.limits[l], i, j));
      if (standing >> j & 1) kept = std::min(kept, reducedValue(p, y, i, j));
    }
    for (size_t j = 0; j < p.models; ++j) {
      if (!isAllowed(p, i, j) || standing >> j & 1) continue;
      ++tally.dropped;
      wrong += reducedValue(p, y, i, j) < kept - 1e-12 * size;
    }
  }
  CHECK(wrong == 0);
  // So the open rows and the decided sums have the dual of the whole.
  const double value = evaluate(p, set, y, 1.0, Spread::none, {}).value;
  double size = magnitude(p, y.cwiseAbs());
  CHECK(std::abs(value - dual(p, y)) <= 1e-12 * size);
}

}  // namespace

TEST_CASE("wherever the region contains the prices, every screened row's verdict holds") {
  Tally tally;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const Instance instance = richInstance(seed);
    const Problem& p = instance.problem;
    if (p.limits.empty()) continue;
    const Terms terms(p);
    const RowSample all = RowSample::all(p.rows);
    const Scale scale = measureScale(p, terms, openRows(p, all));
    const VectorXd& unit = scale.price;
    const Index n = unit.size();
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    const VectorXd center = randomPrices(unit, random);
    const double width = std::pow(10.0, -3.0 + 3.0 * std::uniform_real_distribution<double>(0, 1)(random));
    const auto rank = static_cast<Index>(1 + random() % static_cast<uint64_t>(n));
    const MatrixXd factor =
        width * (unit.asDiagonal() * MatrixXd::NullaryExpr(n, rank, [&] { return normal(random); }));
    const MatrixXd covariance = factor * factor.transpose();
    const VectorXd floor = (seed % 3 ? 0.1 : 1e-4) * width * unit;
    const TrustRegion region(p, terms, center, covariance, seed % 2 ? 1.0 : 4.5, floor);
    std::vector<uint8_t> choice(p.rows, 255);
    const RowSet set = screen(p, region, scale.objective, all, choice.data(), {});
    REQUIRE(region.contains(center));
    for (const compute::Isa isa :
         {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
      if (!compute::supported(isa)) continue;
      CAPTURE(compute::name(isa));
      compute::setIsa(isa);
      std::vector<uint8_t> again(p.rows, 255);
      CHECK(sameRows(screen(p, region, scale.objective, all, again.data(), {}), set));
      CHECK(again == choice);
    }
    compute::setIsa(std::nullopt);
    checkVerdicts(p, set, choice, center, tally);
    // Along the covariance, along the axes, and along what would turn a row fastest.
    std::vector<VectorXd> directions;
    for (int d = 0; d < 3; ++d)
      directions.push_back(factor * VectorXd::NullaryExpr(rank, [&] { return normal(random); }));
    directions.push_back(VectorXd::Unit(n, static_cast<Index>(random() % static_cast<uint64_t>(n))).cwiseProduct(unit));
    for (int d = 0; d < 4; ++d) {
      const size_t i = random() % p.rows, j = choice[i], k = random() % p.models;
      VectorXd turn(n);
      for (Index l = 0; l < n; ++l) {
        const Limit& limit = p.limits[static_cast<size_t>(l)];
        turn[l] = limit.sign() * (amount(p, limit, i, j) - amount(p, limit, i, k));
      }
      const MatrixXd c = covariance + MatrixXd(floor.cwiseAbs2().asDiagonal());
      if (turn.norm() > 0) directions.push_back(c * turn);
    }
    for (const VectorXd& direction : directions) {
      checkVerdicts(p, set, choice, farthest(region, direction), tally);
      checkVerdicts(p, set, choice, farthest(region, -direction), tally);
    }
    // Narrowing the open rows to a smaller region keeps all of it true there.
    const VectorXd reach = 0.1 * floor;
    const BoxRegion smaller(p, terms, center, reach);
    std::vector<uint8_t> narrowed = choice;
    const RowSet fewer = narrow(p, terms, set, smaller, narrowed.data(), {});
    CHECK(fewer.size() <= set.size());
    for (const VectorXd& direction : directions) {
      // The corner of the box in this direction, prices staying at or above 0.
      const VectorXd corner = center + direction.cwiseSign().cwiseProduct(reach);
      checkVerdicts(p, fewer, narrowed, corner.cwiseMax(0.0), tally);
    }
  }
  CHECK(tally.places > 3000);
  CHECK(tally.decided > 50'000);
  CHECK(tally.dropped > 200'000);
}

// Its price makes values count that nothing is known of but that they are finite; what rounding may do to them is not to
// leave all rows open.
TEST_CASE("rows are decided beside a least number of tokens as beside none") {
  Instance instance = plain(2000, 4, 1);
  Problem& p = instance.problem;
  p.limits = {{kQuality, true, 0.5 * reachOf(p, kQuality, true), kAll, kAll}, {kTokens, true, 1000, kAll, 0}};
  const Terms terms(p);
  const RowSample all = RowSample::all(p.rows);
  const Scale scale = measureScale(p, terms, openRows(p, all));
  const auto open = [&](double tokenPrice) {
    const VectorXd center = Eigen::Vector2d(1, tokenPrice).cwiseProduct(scale.price);
    const TrustRegion region(p, terms, center, MatrixXd::Zero(2, 2), 1, 1e-3 * scale.price);
    return screen(p, region, scale.objective, all, nullptr, {}).size();
  };
  CHECK(open(0) < 100);
  CHECK(open(0.5) < 100);
}
