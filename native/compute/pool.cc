#include "compute/pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "errors.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace omnirouter::compute {

namespace {

size_t usableCores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

size_t initialThreads() {
  if (const char* text = std::getenv("OMNIROUTER_THREADS")) {
    char* end = nullptr;
    const long count = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && count >= 1 && count <= 1024) return static_cast<size_t>(count);
  }
  return usableCores();
}

// One forEachChunk in progress; lives on its caller's stack.
struct Job {
  Job(size_t count, ChunkBody work) : chunks(count), body(work) {}

  const size_t chunks;
  const ChunkBody body;
  std::atomic<size_t> next{0};
  size_t helpers = 0;  // threads inside work() besides the caller; guarded by the pool's mutex

  std::mutex failureMutex;
  size_t failedChunk = 0;
  std::exception_ptr failure;

  void work() {
    for (size_t chunk; (chunk = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      try {
        body(chunk);
      } catch (...) {
        const std::lock_guard lock(failureMutex);
        if (!failure || chunk < failedChunk) {
          failure = std::current_exception();
          failedChunk = chunk;
        }
        next.store(chunks, std::memory_order_relaxed);
      }
    }
  }
  bool hasUnclaimed() const { return next.load(std::memory_order_relaxed) < chunks; }
};

}  // namespace

struct Pool::State {
  std::mutex mutex;
  std::condition_variable wake;  // idle threads of the pool
  std::condition_variable left;  // callers waiting for their last helpers
  std::vector<Job*> jobs;
  std::deque<std::function<void()>> tasks;
  size_t limit = 1;         // threads()
  size_t started = 0;       // threads of the pool that exist
  size_t idle = 0;          // ... and wait on `wake`
  size_t runningTasks = 0;  // ... and run a task

  // A task beyond the caller's own thread needs a thread of its own: up to `limit` of them; jobs need limit
  // - 1.
  void ensureThreads(size_t wanted) {
    while (started < std::min(wanted, limit)) {
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::system_error&) {
        return;  // no thread to be had: those there are, and callers themselves, do the work
      }
      ++started;
    }
  }

  Job* openJob() {
    for (Job* job : jobs)
      if (job->hasUnclaimed() && job->helpers + 1 < limit) return job;
    return nullptr;
  }

  void serve() {
    std::unique_lock lock(mutex);
    for (;;) {
      if (!tasks.empty() && runningTasks < limit) {
        auto task = std::move(tasks.front());
        tasks.pop_front();
        ++runningTasks;
        lock.unlock();
        task();
        task = nullptr;  // destroy captures outside the lock
        lock.lock();
        --runningTasks;
      } else if (Job* job = openJob()) {
        ++job->helpers;
        lock.unlock();
        job->work();
        lock.lock();
        if (--job->helpers == 0) left.notify_all();
      } else {
        ++idle;
        wake.wait(lock);
        --idle;
      }
    }
  }
};

Pool::Pool() : state_(new State) { state_->limit = initialThreads(); }

Pool& Pool::shared() {
  // Never destroyed: its threads outlive static destruction at exit.
  static Pool* pool = new Pool;
  return *pool;
}

size_t Pool::threads() const {
  const std::lock_guard lock(state_->mutex);
  return state_->limit;
}

void Pool::setThreads(size_t count) {
  if (count < 1 || count > 1024) throw InvalidArgument("threads", "threads must be an integer from 1 to 1024");
  const std::lock_guard lock(state_->mutex);
  state_->limit = count;
  state_->wake.notify_all();
}

void Pool::forEachChunk(size_t chunks, ChunkBody body) {
  if (chunks == 0) return;
  Job job(chunks, body);
  State& state = *state_;
  if (chunks == 1) {
    job.work();  // no thread is woken for a single chunk
  } else {
    {
      const std::lock_guard lock(state.mutex);
      if (state.limit > 1) {
        const size_t helpers = std::min(chunks, state.limit) - 1;
        state.ensureThreads(helpers + state.runningTasks);
        state.jobs.push_back(&job);
        for (size_t i = 0; i < std::min(helpers, state.idle); ++i) state.wake.notify_one();
      }
    }
    job.work();
    std::unique_lock lock(state.mutex);
    std::erase(state.jobs, &job);
    state.left.wait(lock, [&] { return job.helpers == 0; });
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

void Pool::submit(std::function<void()> task) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  state.tasks.push_back(std::move(task));
  state.ensureThreads(state.runningTasks + state.tasks.size());
  if (state.started == 0) {
    state.tasks.pop_back();
    throw Error("ERR_OMNI_OUT_OF_MEMORY", "", "no thread could be started for asynchronous work");
  }
  state.wake.notify_one();
}

}  // namespace omnirouter::compute
