#include "bindings/task.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bindings/addon.h"
#include "bindings/js_errors.h"
#include "compute/pool.h"

namespace omnirouter::bindings {

namespace {

// Every environment's runner, for the end of the process: Node leaves by exit() without the environments' cleanup hooks
// when an error is uncaught, and no task may be computing while static objects are destroyed. Never destroyed itself.
struct Runners {
  std::mutex mutex;
  std::vector<TaskRunner*> all;
  static Runners& instance() {
    static Runners* runners = new Runners;
    return *runners;
  }
};

}  // namespace

// One per environment. Pool threads hand finished tasks over in `done`; the thread-safe function wakes the JS thread.
class TaskRunner {
 public:
  explicit TaskRunner(Napi::Env env) {
    wake_ = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                          "omnirouter tasks", 0, 1);
    wake_.Unref(env);
    Runners& runners = Runners::instance();
    const std::lock_guard lock(runners.mutex);
    if (runners.all.empty() && !std::exchange(registered_, true)) std::atexit(cancelAll);
    runners.all.push_back(this);
  }

  ~TaskRunner() {
    Runners& runners = Runners::instance();
    const std::lock_guard lock(runners.mutex);
    std::erase(runners.all, this);
  }

  void start(Napi::Env env, std::shared_ptr<Task> task) {
    {
      const std::lock_guard lock(mutex_);
      running_.push_back(task);
    }
    try {
      submit(task);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      std::erase(running_, task);
      throw;
    }
    if (++pending_ == 1) wake_.Ref(env);  // a pending task keeps the event loop alive
  }

  // The environment's cleanup hook.
  void shutDown() {
    std::unique_lock lock(mutex_);
    closing_ = true;
    for (const auto& task : running_) task->cancel_.raise();
    idle_.wait(lock, [&] { return running_.empty(); });
    done_.clear();
    wake_.Release();
  }

  static void cancel(Task& task) { task.cancel_.raise(); }
  static Napi::Promise promise(Task& task, Napi::Env env) {
    task.deferred_.emplace(Napi::Promise::Deferred::New(env));
    return task.deferred_->Promise();
  }

 private:
  void submit(std::shared_ptr<Task> task) {
    compute::Pool::shared().submit([this, task = std::move(task)]() mutable {
      try {
        task->cancel_.throwIfRaised();
        task->compute(task->cancel_);
      } catch (...) {
        task->failure_ = std::current_exception();
      }
      // Handed over whole: its JS references may only die on the JS thread. Notified under the lock, because shutDown()
      // destroys *this as soon as it sees no task running.
      const std::lock_guard lock(mutex_);
      std::erase(running_, task);
      done_.push_back(std::move(task));
      if (!closing_) wake_.NonBlockingCall([this](Napi::Env e, Napi::Function) { settle(e); });
      idle_.notify_all();
    });
  }

  static void cancelAll() {
    Runners& runners = Runners::instance();
    const std::lock_guard lock(runners.mutex);
    for (TaskRunner* runner : runners.all) {
      std::unique_lock running(runner->mutex_);
      runner->closing_ = true;
      for (const auto& task : runner->running_) task->cancel_.raise();
      // A task looks at its flag every few milliseconds; one that does not must not hang the exit.
      runner->idle_.wait_for(running, std::chrono::seconds(5), [&] { return runner->running_.empty(); });
    }
  }

  void settle(Napi::Env env) {
    std::vector<std::shared_ptr<Task>> done;
    {
      const std::lock_guard lock(mutex_);
      done.swap(done_);
    }
    for (auto& task : done) {
      const Napi::HandleScope scope(env);
      if ((pending_ -= 1) == 0) wake_.Unref(env);
      try {
        if (task->failure_) std::rethrow_exception(task->failure_);
        task->deferred_->Resolve(task->result(env));
      } catch (...) {
        task->deferred_->Reject(toJsError(env, std::current_exception()).Value());
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<std::shared_ptr<Task>> running_, done_;
  bool closing_ = false;
  static inline bool registered_ = false;  // guarded by Runners::mutex
  size_t pending_ = 0;                     // JS thread only
  Napi::ThreadSafeFunction wake_;
};

Napi::Value start(Napi::Env env, std::shared_ptr<Task> task) {
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("promise", TaskRunner::promise(*task, env));
  handle.Set("cancel", Napi::Function::New(
                           env,
                           [weak = std::weak_ptr<Task>(task)](const Napi::CallbackInfo&) {
                             if (const auto alive = weak.lock()) TaskRunner::cancel(*alive);
                           },
                           "cancel"));
  addonData(env).tasks().start(env, std::move(task));
  return handle;
}

AddonData::AddonData(Napi::Env env) : tasks_(std::make_unique<TaskRunner>(env)) {
  env.AddCleanupHook([](AddonData* data) { data->tasks_->shutDown(); }, this);
}
AddonData::~AddonData() = default;

AddonData& addonData(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

}  // namespace omnirouter::bindings
