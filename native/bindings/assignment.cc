#include "bindings/addon.h"

namespace omnirouter::bindings {

void registerAssignment(Napi::Env, Napi::Object) {}

}  // namespace omnirouter::bindings
