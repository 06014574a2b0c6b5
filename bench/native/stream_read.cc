// stream_read BYTES...: for each size, how long reading two arrays of BYTES / 2 takes when they are warm, by all
// threads and by one. The yardstick of the benches: no solver that looks at every entry once can be faster.
//
// The threads are the solver's own pool, so the figure includes what it costs to wake them. Loads are the widest the
// CPU has, folded by exclusive or (which, unlike adding floats, a compiler may reorder), with and without prefetching
// ahead; the faster counts, so that the yardstick is not flattering.
//
// Prints one JSON object per line and size: bytes, threads, the median in nanoseconds.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "compute/chunks.h"
#include "compute/pool.h"

// One clone per instruction set, picked when the program is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST
#endif

namespace {

using omnirouter::compute::Chunks;
using omnirouter::compute::Pool;
using omnirouter::compute::Range;

constexpr size_t kLine = 8;                // words of 8 bytes in a cache line
constexpr size_t kAhead = 16 * kLine;      // words; 1 KiB, beyond what the hardware fetches across a page
constexpr size_t kSliceWords = 32 * 1024;  // per chunk, of each array: 256 KiB
constexpr auto kDuration = std::chrono::milliseconds(300);
constexpr size_t kFewestRuns = 15;

WIDEST uint64_t fold(const uint64_t* words, size_t count) {
  uint64_t lanes[4 * kLine] = {};
  size_t i = 0;
  for (; i + 4 * kLine <= count; i += 4 * kLine)
    for (size_t l = 0; l < 4 * kLine; l++) lanes[l] ^= words[i + l];
  uint64_t all = 0;
  for (; i < count; i++) all ^= words[i];
  for (const uint64_t lane : lanes) all ^= lane;
  return all;
}

WIDEST uint64_t foldAhead(const uint64_t* words, size_t count) {
  uint64_t lanes[4 * kLine] = {};
  size_t i = 0;
  for (; i + 4 * kLine <= count; i += 4 * kLine) {
    for (size_t line = 0; line < 4; line++) __builtin_prefetch(words + i + kAhead + line * kLine);
    for (size_t l = 0; l < 4 * kLine; l++) lanes[l] ^= words[i + l];
  }
  uint64_t all = 0;
  for (; i < count; i++) all ^= words[i];
  for (const uint64_t lane : lanes) all ^= lane;
  return all;
}

volatile uint64_t sink;  // so that the reading cannot be optimised away

class Arrays {
 public:
  explicit Arrays(size_t bytes) : words_(std::max<size_t>(1, bytes / 16)), first_(words_), second_(words_) {
    for (size_t i = 0; i < words_; i++) {
      first_[i] = i * 0x9e3779b97f4a7c15u;
      second_[i] = ~first_[i];
    }
  }

  template <class Fold>
  void read(Fold fold) {
    const Chunks chunks(words_, kSliceWords);
    folded_.resize(chunks.count());
    Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      const Range range = chunks[chunk];
      folded_[chunk] = fold(&first_[range.begin], range.size()) ^ fold(&second_[range.begin], range.size());
    });
    for (const uint64_t part : folded_) sink = sink ^ part;
  }

 private:
  size_t words_;
  std::vector<uint64_t> first_, second_, folded_;
};

// Of a warm run, in nanoseconds. What is shorter than the clock can tell is repeated inside one measurement.
double median(const std::function<void()>& read) {
  using Clock = std::chrono::steady_clock;
  const auto nanoseconds = [&](size_t repeats) {
    const auto start = Clock::now();
    for (size_t i = 0; i < repeats; i++) read();
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / repeats;
  };
  nanoseconds(2);
  const size_t repeats = std::clamp<size_t>(static_cast<size_t>(20'000 / std::max(1.0, nanoseconds(1))), 1, 1000);
  std::vector<double> runs;
  for (const auto end = Clock::now() + kDuration; runs.size() < kFewestRuns || Clock::now() < end;)
    runs.push_back(nanoseconds(repeats));
  std::nth_element(runs.begin(), runs.begin() + runs.size() / 2, runs.end());
  return runs[runs.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: stream_read BYTES...\n");
    return 2;
  }
  for (int a = 1; a < argc; a++) {
    char* end = nullptr;
    const size_t bytes = std::strtoull(argv[a], &end, 10);
    if (end == argv[a] || *end != '\0' || bytes == 0) {
      std::fprintf(stderr, "stream_read: %s is not a number of bytes\n", argv[a]);
      return 2;
    }
    Arrays arrays(bytes);
    const double nanoseconds = std::min(median([&] { arrays.read(fold); }), median([&] { arrays.read(foldAhead); }));
    std::printf("{\"bytes\": %zu, \"threads\": %zu, \"nanoseconds\": %.1f}\n", bytes, Pool::shared().threads(),
                nanoseconds);
    std::fflush(stdout);
  }
}
