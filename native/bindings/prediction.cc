#include "bindings/addon.h"

namespace omnirouter::bindings {

void registerPrediction(Napi::Env, Napi::Object) {}

}  // namespace omnirouter::bindings
