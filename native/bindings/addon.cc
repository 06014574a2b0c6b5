#include "bindings/addon.h"

namespace omnirouter::bindings {

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData(env));
  registerCompute(env, exports);
  registerAssignment(env, exports);
  registerFrontier(env, exports);
  registerRetrieval(env, exports);
  registerPrediction(env, exports);
  return exports;
}

NODE_API_MODULE(omnirouter, init)

}  // namespace omnirouter::bindings
