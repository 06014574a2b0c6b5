#include "bindings/prediction.h"

#include "bindings/addon.h"

namespace omnirouter::bindings {

void registerPrediction(Napi::Env env, Napi::Object exports) {
  registerTextEmbedder(env, exports);
  registerNeighbours(env, exports);
  registerHybrid(env, exports);
}

}  // namespace omnirouter::bindings
