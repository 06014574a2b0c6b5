// threads(), setThreads(count): the process-wide pool.
#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/js_errors.h"
#include "compute/pool.h"

namespace omnirouter::bindings {

namespace {

Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(compute::Pool::shared().threads()));
}

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  compute::Pool::shared().setThreads(static_cast<size_t>(integer(info[0], "threads", 1, 1024)));
  return info.Env().Undefined();
}

}  // namespace

void registerCompute(Napi::Env env, Napi::Object exports) {
  exports.Set("threads", guarded<threads>(env, "threads"));
  exports.Set("setThreads", guarded<setThreads>(env, "setThreads"));
}

}  // namespace omnirouter::bindings
