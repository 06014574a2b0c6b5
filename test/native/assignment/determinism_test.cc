#include <doctest/doctest.h>

#include <cstring>

#include "assignment/frontier.h"
#include "assignment/solver.h"
#include "compute/cpu.h"
#include "compute/pool.h"
#include "native/assignment/answers.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

bool sameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

bool sameBits(const Solution& a, const Solution& b) {
  return a.status == b.status && a.choice == b.choice && sameBits(a.prices, b.prices) &&
         sameBits({a.certificate.objective, a.certificate.dual, a.bound, a.gap},
                  {b.certificate.objective, b.certificate.dual, b.bound, b.gap}) &&
         sameBits(a.certificate.slack, b.certificate.slack) && a.conflict == b.conflict &&
         a.evaluations == b.evaluations && a.work.count == b.work.count && a.stop == b.stop && a.missed == b.missed;
}

}  // namespace

TEST_CASE("a solve gives the same bits for any number of threads and any instruction set") {
  const size_t threads = compute::Pool::shared().threads();
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, seed % 4 ? 3000 : 24'000, 9);
    compute::Pool::shared().setThreads(1);
    compute::setIsa(compute::Isa::scalar);
    const Solution reference = solve(instance.problem, {}, {});
    CHECK(fault(instance.problem, reference).value_or("") == "");
    for (const size_t count : {2, 5}) {
      CAPTURE(count);
      compute::Pool::shared().setThreads(count);
      CHECK(sameBits(solve(instance.problem, {}, {}), reference));
    }
    for (const compute::Isa isa : {compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
      if (!compute::supported(isa)) continue;
      CAPTURE(compute::name(isa));
      compute::setIsa(isa);
      CHECK(sameBits(solve(instance.problem, {}, {}), reference));
    }
  }
  compute::setIsa(std::nullopt);
  compute::Pool::shared().setThreads(threads);
}

TEST_CASE("so does one that relaxes limits and spreads ties, and a frontier") {
  const size_t threads = compute::Pool::shared().threads();
  int relaxed = 0;
  for (uint64_t seed = 100; seed < 130; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, seed % 4 ? 3000 : 24'000, 9);
    const Problem& p = instance.problem;
    Options options;
    options.relax = true;
    options.ties = seed;
    compute::Pool::shared().setThreads(1);
    const Solution reference = solve(p, options, {});
    relaxed += !reference.relaxed.empty();
    const std::vector<double> bounds =
        p.limits.empty() ? std::vector<double>{} : std::vector<double>{0.8 * p.limits[0].bound, p.limits[0].bound};
    const auto curve = [&] { return p.limits.empty() ? Frontier{} : sweep(p, 0, bounds, options, Plans::keep, {}); };
    const Frontier alone = curve();
    compute::Pool::shared().setThreads(3);
    CHECK(sameBits(solve(p, options, {}), reference));
    const Frontier shared = curve();
    for (size_t b = 0; b < alone.points.size(); ++b) {
      CHECK(shared.points[b].choice == alone.points[b].choice);
      CHECK(sameBits(shared.points[b].prices, alone.points[b].prices));
      CHECK(sameBits({shared.points[b].objective, shared.points[b].bound},
                     {alone.points[b].objective, alone.points[b].bound}));
    }
  }
  CHECK(relaxed > 3);
  compute::Pool::shared().setThreads(threads);
}
