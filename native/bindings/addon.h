// State of one environment (the main thread's, or a worker's), and each subject's registration.
#pragma once

#include <memory>

#include "bindings/napi_setup.h"

namespace omnirouter::bindings {

class TaskRunner;

class AddonData {
 public:
  explicit AddonData(Napi::Env env);
  ~AddonData();
  TaskRunner& tasks() { return *tasks_; }

 private:
  std::unique_ptr<TaskRunner> tasks_;
};

AddonData& addonData(Napi::Env env);

void registerCompute(Napi::Env env, Napi::Object exports);
void registerAssignment(Napi::Env env, Napi::Object exports);
void registerFrontier(Napi::Env env, Napi::Object exports);
void registerRetrieval(Napi::Env env, Napi::Object exports);
void registerPrediction(Napi::Env env, Napi::Object exports);

}  // namespace omnirouter::bindings
