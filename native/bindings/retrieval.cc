#include "bindings/addon.h"

namespace omnirouter::bindings {

void registerRetrieval(Napi::Env, Napi::Object) {}

}  // namespace omnirouter::bindings
