// Asynchronous work: computed on the process-wide pool, settled on the JavaScript thread that asked.
//
// A task's life: built on the JS thread (which copies or pins what the work reads), computed on a pool thread, then
// resolved and destroyed on the JS thread. When the environment goes away first (a worker thread terminated, the
// process exiting), its tasks are cancelled and waited for, so that none reads memory of an environment that is gone.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "bindings/napi_setup.h"
#include "compute/cancel.h"

namespace omnirouter::bindings {

class Task {
 public:
  virtual ~Task() = default;

  // On a pool thread; no Node-API calls. Looks at `cancel` at least every few milliseconds, and throws
  // compute::Cancelled once it is raised.
  virtual void compute(const compute::CancelFlag& cancel) = 0;
  // On the JS thread, after compute() returned without an exception.
  virtual Napi::Value result(Napi::Env env) = 0;

 private:
  friend class TaskRunner;
  std::optional<Napi::Promise::Deferred> deferred_;  // from start() on: arguments may be refused before
  compute::CancelFlag cancel_;
  std::exception_ptr failure_;
};

// Starts the task; returns { promise, cancel() } for lib/task.ts, which ties it to an AbortSignal.
Napi::Value start(Napi::Env env, std::shared_ptr<Task> task);

}  // namespace omnirouter::bindings
