// The only place that configures node-addon-api; include it instead of napi.h.
#pragma once

#define NODE_ADDON_API_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
// In a worker thread that is being terminated no call succeeds any more, not even throwing the error about it; without
// this node-addon-api throws that as a C++ exception, which nobody can catch, and the process aborts.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
