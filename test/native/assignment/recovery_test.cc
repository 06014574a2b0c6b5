#include "assignment/recovery.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "native/assignment/instances.h"
#include "native/assignment/opened.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

Recovery recoverFrom(const Opened& opened, std::vector<uint8_t>& choice) {
  return recover(opened.p, opened.terms, opened.rows, opened.scale, opened.prices, 0, 0, choice.data(), {});
}

}  // namespace

// Every capacity is full, and the floor is missed by less than a place is worth: no row can go anywhere but into the place of
// one that comes to its own. What other rows could choose for less is worse, and more than pairs are searched among.
TEST_CASE("a floor is mended by two rows that change places, however many moves cost less") {
  constexpr size_t kRows = 60, kModels = 10;
  Instance instance = plain(kRows, kModels, 1);
  Problem& p = instance.problem;
  std::vector<uint8_t> choice(kRows);
  for (size_t i = 0; i < kRows; ++i) {
    choice[i] = static_cast<uint8_t>(i % kModels);
    for (size_t j = 0; j < kModels; ++j) {
      const bool own = j == choice[i];
      instance.cost[i * kModels + j] = own ? 1.0f : 1.0f + 0.001f * static_cast<float>(1 + (i + j) % 7);
      instance.quality[i * kModels + j] = own ? 0.75f : 0.25f;
    }
  }
  // The first two rows are a little better served by each other's models, for ten times the money.
  instance.quality[1] = instance.quality[kModels] = 0.7578125f;
  instance.cost[1] = instance.cost[kModels] = 10.0f;
  p.limits.push_back({kQuality, true, 0.75 * kRows + 0.015, kAll, kAll});
  for (int j = 0; j < static_cast<int>(kModels); ++j) p.limits.push_back({kRequests, false, kRows / kModels, kAll, j});
  const Opened opened(p);
  CHECK(recoverFrom(opened, choice).feasible);
  CHECK(int{choice[0]} == 1);
  CHECK(int{choice[1]} == 0);
}

// Three rows in full places, and a fourth place that is free and not paid for. The first row's way there saves most and costs
// quality that only the two others together make good, each in the place that the one before leaves.
TEST_CASE("a free place is filled by three rows that move up") {
  constexpr size_t kRows = 3, kModels = 4;
  Instance instance = plain(kRows, kModels, 1);
  Problem& p = instance.problem;
  instance.cost = {1, 11, 50, 50, 50, 5, 4, 50, 50, 50, 5, 4};
  instance.quality = {0.25f, 0.375f, 0, 0, 0, 0.5625f, 0.5f, 0, 0, 0, 0.5625f, 0.5f};
  instance.allowed = {0b0011, 0b0110, 0b1100};
  p.allowed = instance.allowed.data();
  p.limits.push_back({kQuality, true, 0.375 + 0.5 + 0.5, kAll, kAll});
  for (int j = 0; j < 3; ++j) p.limits.push_back({kRequests, false, 1, kAll, j});
  Opened opened(p);
  opened.prices[1] = 5;
  std::vector<uint8_t> choice{1, 2, 3};
  const Recovery recovery = recoverFrom(opened, choice);
  CHECK(recovery.feasible);
  CHECK(choice == std::vector<uint8_t>{0, 1, 2});
  CHECK(recovery.objective == doctest::Approx(1 + 5 + 5));
}

// One of two groups is small, and its floor is missed. Every row of the other loses less by moving, to no avail.
TEST_CASE("the rows of a small group are looked at where its limit is missed") {
  constexpr size_t kRows = 6000, kModels = 2;
  Instance instance = plain(kRows, kModels, 1);
  Problem& p = instance.problem;
  double own = 0;
  for (size_t i = 0; i < kRows; ++i) {
    const bool small = i % 500 == 0;
    instance.groups.push_back(small ? 1 : 0);
    const float* quality = p.row(kQuality, i);
    instance.cost[i * kModels] = 1;
    instance.cost[i * kModels + 1] = small ? 100 : 2;
    if (small) own += std::max(static_cast<double>(quality[0]), static_cast<double>(quality[1]));
  }
  p.groups = instance.groups.data();
  p.groupCount = 2;
  p.limits.push_back({kQuality, true, own, 1, kAll});
  const Opened opened(p);
  std::vector<uint8_t> choice(kRows, 0);
  CHECK(recoverFrom(opened, choice).feasible);
}

namespace {

// Every capacity is full. The first row, the only one of its tenant, could go where the second is, which could make room
// for it; every other row could change its model for less money, but its tenant is to keep its quality. Too many moves for
// all pairs of them.
struct FullHouse {
  static constexpr size_t kRows = 60, kModels = 10;
  Instance instance = plain(kRows, kModels, 1);
  std::vector<uint8_t> choice;

  FullHouse() {
    for (size_t i = 0; i < kRows; ++i) {
      choice.push_back(static_cast<uint8_t>(i % kModels));
      instance.groups.push_back(i == 0 ? 0 : 1);
      for (size_t j = 0; j < kModels; ++j) {
        const bool own = j == choice[i];
        instance.cost[i * kModels + j] = own ? 10.0f : 10.0f + 0.001f * static_cast<float>(1 + (i + j) % 7);
        instance.quality[i * kModels + j] = own ? 0.75f : 0.25f;
      }
    }
    quality(1, 0) = 0.75f;
    cost(1, 0) = 11;
    Problem& p = instance.problem;
    p.groups = instance.groups.data();
    p.groupCount = 2;
    for (int j = 0; j < static_cast<int>(kModels); ++j)
      p.limits.push_back({kRequests, false, kRows / kModels, kAll, j});
    p.limits.push_back({kQuality, true, 0.75 * (kRows - 1), 1, kAll});
  }
  float& cost(size_t i, size_t j) { return instance.cost[i * kModels + j]; }
  float& quality(size_t i, size_t j) { return instance.quality[i * kModels + j]; }
};

}  // namespace

TEST_CASE("a tenant's floor is mended by a row of another that makes room") {
  FullHouse house;
  house.quality(0, 1) = 0.7578125f;
  house.cost(0, 1) = 20;
  Problem& p = house.instance.problem;
  p.limits.push_back({kQuality, true, 0.7578125, 0, kAll});
  const Opened opened(p);
  CHECK(recoverFrom(opened, house.choice).feasible);
  CHECK(int{house.choice[0]} == 1);
  CHECK(int{house.choice[1]} == 0);
}

TEST_CASE("a tenant's plan gets cheaper by a row of another that makes room") {
  FullHouse house;
  house.quality(0, 1) = 0.4375f;
  house.cost(0, 1) = 5;
  Problem& p = house.instance.problem;
  p.limits.push_back({kQuality, true, 0.4, 0, kAll});
  Opened opened(p);
  opened.prices[FullHouse::kModels + 1] = 20;
  const Recovery recovery = recoverFrom(opened, house.choice);
  CHECK(recovery.feasible);
  CHECK(int{house.choice[0]} == 1);
  CHECK(int{house.choice[1]} == 0);
  CHECK(recovery.objective == doctest::Approx(10.0 * FullHouse::kRows - 5 + 1));
}
