// The one pool of threads in the process. Everything that computes in parallel, of whatever subject and for whatever
// JavaScript thread, shares it, so that many asynchronous solves at once run no more
// threads than cores (a synchronous call computes on its caller's thread too).
//
// Work is split into chunks whose number and borders depend on the problem alone, never on the number of threads; each
// chunk writes to its own place and the caller folds the places in order. So results are bit-identical for any number
// of threads. Chunks are claimed from an atomic counter, and a caller claims chunks like everyone else: it never waits
// for a helper that has not started (an OpenMP barrier does, and collapses under a busy neighbour).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

namespace omnirouter::compute {

// A callable by reference: no allocation, and valid only while the callable lives.
class ChunkBody {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, ChunkBody>)
      ChunkBody(F&& body)  // NOLINT(google-explicit-constructor): a reference in disguise
      : object_(const_cast<void*>(static_cast<const void*>(&body))),
        call_([](void* object, size_t chunk) { (*static_cast<std::remove_reference_t<F>*>(object))(chunk); }) {}
  void operator()(size_t chunk) const { call_(object_, chunk); }

 private:
  void* object_;
  void (*call_)(void*, size_t);
};

class Pool {
 public:
  static Pool& shared();

  // Threads that may compute at once, a caller of forEachChunk included. At first the number of cores this process may
  // use, or OMNIROUTER_THREADS.
  size_t threads() const;
  // Changes it; for tests and for services that want to leave cores alone. Must be >= 1.
  void setThreads(size_t count);

  // Calls body(chunk) once for every chunk in [0, chunks), on this thread and on idle ones; returns when all are done.
  // A throwing body stops further claims; of several errors that of the lowest chunk is rethrown.
  void forEachChunk(size_t chunks, ChunkBody body);

  // Queues a task for a thread of the pool and returns. At most threads() tasks run at once, oldest first. A task must
  // not throw.
  void submit(std::function<void()> task);

 private:
  Pool();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace omnirouter::compute
