#include "compute/pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "errors.h"

using omnirouter::compute::Pool;

TEST_CASE("every chunk runs exactly once, for any number of threads") {
  Pool& pool = Pool::shared();
  for (const size_t threads : {1, 2, 5}) {
    pool.setThreads(threads);
    for (const size_t chunks : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> runs(chunks);
      pool.forEachChunk(chunks, [&](size_t chunk) { ++runs[chunk]; });
      for (const auto& count : runs) CHECK(count == 1);
    }
  }
}

TEST_CASE("the error of the lowest failing chunk reaches the caller, and the pool survives it") {
  Pool& pool = Pool::shared();
  pool.setThreads(4);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::string message;
    try {
      // Chunk 0 is claimed first, so it always runs and always wins.
      pool.forEachChunk(64, [](size_t chunk) { throw std::runtime_error(std::to_string(chunk)); });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "0");
  }
  std::atomic<int> runs = 0;
  pool.forEachChunk(10, [&](size_t) { ++runs; });
  CHECK(runs == 10);
}

TEST_CASE("tasks run, at most threads() at once, and may themselves split work") {
  Pool& pool = Pool::shared();
  pool.setThreads(3);
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0, most = 0, finished = 0;
  std::atomic<int> chunks = 0;
  for (int task = 0; task < 40; ++task) {
    pool.submit([&] {
      {
        const std::lock_guard lock(mutex);
        most = std::max(most, ++running);
      }
      pool.forEachChunk(16, [&](size_t) { ++chunks; });
      const std::lock_guard lock(mutex);
      --running;
      ++finished;
      changed.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return finished == 40; });
  CHECK(most <= 3);
  CHECK(chunks == 640);
}

TEST_CASE("a thread count out of range is refused") {
  CHECK_THROWS_AS(Pool::shared().setThreads(0), omnirouter::InvalidArgument);
}
