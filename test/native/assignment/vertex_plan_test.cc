#include "assignment/vertex_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "native/assignment/instances.h"
#include "native/assignment/naive.h"
#include "native/assignment/opened.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

constexpr size_t kPlenty = 10'000'000;

double costOf(const Problem& p, const std::vector<uint8_t>& choice) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) sum += objectiveOf(p, i, choice[i]);
  return sum;
}

// At prices, and from there.
VertexPlan planOf(const Opened& opened, double enough, size_t nodes, std::vector<uint8_t>& choice) {
  choice.assign(opened.p.rows, 0);
  return planAtVertex(opened.p, opened.terms, opened.rows, opened.scale, opened.prices, enough, nodes, choice.data(),
                      {});
}

}  // namespace

// Also at prices that are no vertex: they bound less, and the plan is the best all the same.
TEST_CASE("the best plan is found at any prices, or that there is none") {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    Opened opened(p);
    opened.prices = (seed % 3) * 0.4 * opened.scale.price;
    std::vector<uint8_t> choice;
    const VertexPlan plan = planOf(opened, 0, kPlenty, choice);
    CHECK(plan.found == truth.feasible);
    CHECK(plan.exhausted);
    ++(truth.feasible ? feasible : infeasible);
    if (!truth.feasible) continue;
    CHECK(costOf(p, choice) == doctest::Approx(truth.objective).epsilon(1e-6));

    // From any plan at all, to the same.
    std::vector<uint8_t> other(p.rows);
    for (size_t i = 0; i < p.rows; ++i) {
      size_t j = (seed + i) % p.models;
      while (!isAllowed(p, i, j)) j = (j + 1) % p.models;
      other[i] = static_cast<uint8_t>(j);
    }
    CHECK(improveAtVertex(p, opened.terms, opened.rows, opened.scale, opened.prices, 0, 0, kPlenty, other.data(), {})
              .exhausted);
    CHECK(costOf(p, other) == doctest::Approx(truth.objective).epsilon(1e-6));
  }
  CHECK(feasible > 200);
  CHECK(infeasible > 50);
}

TEST_CASE("out of nodes, nothing is called proven") {
  Instance instance = plain(6, 4, 3);
  Problem& p = instance.problem;
  p.limits.push_back({kQuality, true, 0.6 * reachOf(p, kQuality, true), kAll, kAll});
  std::vector<uint8_t> choice;
  const VertexPlan plan = planOf(Opened(p), 0, 1, choice);
  CHECK_FALSE(plan.exhausted);
  CHECK(plan.nodes <= 1);
}

// Two rows each: what a tenant's rows cost at least is far above what prices say, and the tenants' excesses add up.
TEST_CASE("tenants with floors of their own are searched one by one, and proven together") {
  constexpr size_t kTenants = 8, kModels = 16;
  for (const bool full : {false, true}) {
    CAPTURE(full);
    for (uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(seed);
      Instance instance = plain(2 * kTenants, kModels, seed);
      Problem& p = instance.problem;
      for (float& quality : instance.quality) quality = std::round(16 * quality) / 16;
      for (size_t i = 0; i < p.rows; ++i) instance.groups.push_back(static_cast<uint16_t>(i / 2));
      p.groups = instance.groups.data();
      p.groupCount = kTenants;
      // The best of every tenant by itself.
      double least = 0, quality[kTenants];
      size_t first[2 * kTenants];
      for (size_t g = 0; g < kTenants; ++g) {
        const float *q = p.row(kQuality, 2 * g), *r = q + kModels, *c = p.row(kCost, 2 * g), *d = c + kModels;
        quality[g] = 0.45 * static_cast<double>(*std::max_element(q, r) + *std::max_element(r, r + kModels));
        p.limits.push_back({kQuality, true, quality[g], static_cast<int>(g), kAll});
        double best = 1e9;
        for (size_t j = 0; j < kModels; ++j)
          for (size_t k = 0; k < kModels; ++k) {
            const double cost = static_cast<double>(c[j]) + static_cast<double>(d[k]);
            if (static_cast<double>(q[j]) + static_cast<double>(r[k]) < quality[g] || cost >= best) continue;
            best = cost;
            first[2 * g] = j;
            first[2 * g + 1] = k;
          }
        least += best;
      }
      // Capacities that their plans together hold, or miss by a row.
      const auto most = static_cast<int>(first[0]);
      const auto wanted = static_cast<double>(std::count(first, first + p.rows, first[0]));
      p.limits.push_back({kRequests, false, full ? wanted - 1 : wanted, kAll, most});

      std::vector<uint8_t> choice;
      const VertexPlan plan = planOf(AtVertex(p), 0, kPlenty, choice);
      CHECK(plan.found);
      CHECK(plan.exhausted);
      CHECK(plan.nodes < (full ? 20'000 : 2'000));
      if (full)
        CHECK(costOf(p, choice) > least);
      else
        CHECK(costOf(p, choice) == doctest::Approx(least).epsilon(1e-9));
    }
  }
}

TEST_CASE("a search may take most of the nodes before it finds a plan") {
  constexpr size_t kNodes = 2000, kModels = 8;
  int found = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Instance instance = plain(64, kModels, seed);
    Problem& p = instance.problem;
    for (float& quality : instance.quality) quality = std::round(16 * quality) / 16;
    p.limits.push_back({kQuality, true, 0.55 * reachOf(p, kQuality, true), kAll, kAll});
    for (int j = 0; j < static_cast<int>(kModels); ++j) p.limits.push_back({kRequests, false, 9, kAll, j});
    std::vector<uint8_t> choice;
    const VertexPlan plan = planOf(AtVertex(p), 1e-4, kNodes, choice);
    found += plan.found;
  }
  CHECK(found >= 38);
}

TEST_CASE("a plan within the tolerance ends the search, and only what was searched to the end is called best") {
  constexpr double kTolerance = 0.2;
  int enough = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 6, 4);
    const Problem& p = instance.problem;
    const Truth truth = enumerate(p);
    if (!truth.feasible || truth.objective < 0) continue;
    Opened opened(p);
    opened.prices = 0.2 * opened.scale.price;
    std::vector<uint8_t> choice;
    const VertexPlan plan = planOf(opened, kTolerance, kPlenty, choice);
    CHECK(plan.found);
    CHECK(plan.enough != plan.exhausted);
    const double cost = costOf(p, choice);
    if (plan.exhausted) CHECK(cost == doctest::Approx(truth.objective).epsilon(1e-6));
    if (plan.enough) CHECK(cost <= truth.objective * (1 + kTolerance) / (1 - kTolerance) + 1e-9);
    enough += plan.enough;
  }
  CHECK(enough > 20);
}
