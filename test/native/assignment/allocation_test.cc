// A service routes some batches a second for days: what a small batch needs is taken once, and serves the next.
#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstdlib>
#include <new>

#include "assignment/solver.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// Of this thread. Eigen takes its memory from malloc, which the linker sends here (--wrap, CMakeLists.txt).
thread_local size_t taken = 0;

}  // namespace

extern "C" void* __real_malloc(size_t size);
extern "C" void* __wrap_malloc(size_t size) {
  ++taken;
  return __real_malloc(size);
}

void* operator new(size_t size) {
  ++taken;
  if (void* memory = __real_malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

// A floor at 70 % of what can be reached; capacities that sum to 1.1 N and hold the cheap models back.
Instance batch(size_t rows, bool tight, uint64_t seed) {
  constexpr int kModels = 8;
  Instance instance = plain(rows, kModels, seed);
  Problem& p = instance.problem;
  p.limits.push_back({kQuality, true, (tight ? 0.55 : 0.7) * reachOf(p, kQuality, true), kAll, kAll});
  if (tight)
    for (int j = 0; j < kModels; ++j)
      p.limits.push_back({kRequests, false, std::ceil(1.1 * static_cast<double>(rows) / kModels), kAll, j});
  return instance;
}

}  // namespace

TEST_CASE("after the first, a batch of up to 256 queries takes no memory") {
  size_t before = taken;
  auto* volatile vector = new Eigen::VectorXd(8);
  CHECK(taken - before == 2);
  delete vector;
  Solution solution;
  for (const size_t rows : {1, 16, 64, 256})
    for (const bool tight : {false, true})
      for (const bool maximise : {false, true}) {
        CAPTURE(rows);
        CAPTURE(tight);
        CAPTURE(maximise);
        Instance first = batch(rows, tight, 3), second = batch(rows, tight, 3);
        for (Instance* instance : {&first, &second}) {
          // The best quality for the money, or the least money for the quality.
          if (!maximise) continue;
          Problem& p = instance->problem;
          p.objective = {0, -1, 0};
          p.tieBreak = kCost;
          p.limits[0] = {kCost, false, 0.5 * reachOf(p, kCost, true), kAll, kAll};
        }
        solve(first.problem, {}, {}, solution);
        before = taken;
        solve(second.problem, {}, {}, solution);
        // Where capacities bind and rows have equal models, these are planned anew (tie_break.h), in memory of their own.
        CHECK(taken - before <= (tight && maximise && rows == 256 ? 64 : 0));
        CHECK(solution.certificate.holds);
      }
}

TEST_CASE("nor do tenants with floors of their own") {
  constexpr size_t kRows = 16, kTenants = 4;
  Instance instance = batch(kRows, true, 5);
  Problem& p = instance.problem;
  for (size_t i = 0; i < kRows; ++i) instance.groups.push_back(static_cast<uint16_t>(i % kTenants));
  p.groups = instance.groups.data();
  p.groupCount = kTenants;
  p.limits.erase(p.limits.begin());
  for (int g = 0; g < static_cast<int>(kTenants); ++g)
    p.limits.push_back({kQuality, true, 0.5 * reachOf(p, kQuality, true) / kTenants, g, kAll});
  Solution solution;
  solve(p, {}, {}, solution);
  const size_t before = taken;
  solve(p, {}, {}, solution);
  CHECK(taken - before == 0);
  CHECK(solution.status == Status::optimal);
}
