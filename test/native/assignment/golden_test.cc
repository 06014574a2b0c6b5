// The same bits on every platform: what x86 and ARM, with each of their instruction sets, made of fixed problems. A
// change of the method changes these numbers, and then the test prints the new ones; a platform or a compiler must not.
#include <doctest/doctest.h>

#include <bit>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "compute/cpu.h"
#include "native/assignment/answers.h"
#include "native/assignment/mixtures.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// FNV-1a over 64-bit words.
class Hash {
 public:
  void add(uint64_t word) {
    for (int byte = 0; byte < 8; ++byte) value_ = (value_ ^ (word >> (8 * byte) & 255)) * 0x100000001b3u;
  }
  void add(double number) { add(std::bit_cast<uint64_t>(number)); }
  template <class T>
  void add(const std::vector<T>& list) {
    for (const T& each : list) {
      if constexpr (std::is_same_v<T, double>)
        add(each);
      else
        add(static_cast<uint64_t>(each));
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

uint64_t hashOf(const Problem& p) {
  const Solution s = solve(p, {}, {});
  CHECK(fault(p, s).value_or("") == "");
  Hash hash;
  hash.add(static_cast<uint64_t>(s.status));
  hash.add(s.choice);
  hash.add(s.prices);
  const Certificate& c = s.certificate;
  for (const double number : {c.objective, c.dual, s.bound, s.gap}) hash.add(number);
  hash.add(c.total);
  hash.add(c.slack);
  hash.add(c.quantity);
  hash.add(c.requests);
  hash.add(s.conflict);
  for (const Reachable& r : s.reachable) {
    hash.add(r.value);
    hash.add(r.bound);
  }
  std::vector<uint8_t> routed(p.rows);
  chooseByPrices(p, s.prices, routed.data());
  hash.add(routed);
  return hash.value();
}

// The form of a row of the table below.
std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

struct Golden {
  size_t rows, models;
  uint64_t problems;
  uint64_t hash;
};

constexpr Golden kGolden[] = {
    {7, 4, 20, 0xe9709700ac2de156},      {60, 8, 10, 0xa005d9617cbc07ce},   {65, 5, 20, 0xc6d78520f612a571},
    {500, 16, 10, 0x22c04b50dffb7a5f},   {3000, 33, 6, 0xc5a5f643255edea6}, {9000, 7, 4, 0xc2ecb63140d435eb},
    {40'000, 12, 2, 0x093ec69d66368a77},
};

}  // namespace

TEST_CASE("solutions have the same bits on every platform") {
  for (const compute::Isa isa : {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
    if (!compute::supported(isa)) continue;
    compute::setIsa(isa);
    for (const Golden& golden : kGolden) {
      Hash all;
      for (uint64_t seed = 0; seed < golden.problems; ++seed)
        all.add(hashOf(randomMixture(seed, golden.rows, golden.models).problem));
      const std::string context =
          std::string(compute::name(isa)) + ": " + std::to_string(golden.rows) + " x " + std::to_string(golden.models);
      CAPTURE(context);
      CHECK(hex(all.value()) == hex(golden.hash));
    }
  }
  compute::setIsa(std::nullopt);
}
