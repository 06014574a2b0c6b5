// The parts of the prediction bindings.
#pragma once

#include "bindings/napi_setup.h"

namespace omnirouter::bindings {

void registerTextEmbedder(Napi::Env env, Napi::Object exports);
void registerNeighbours(Napi::Env env, Napi::Object exports);
void registerHybrid(Napi::Env env, Napi::Object exports);

}  // namespace omnirouter::bindings
