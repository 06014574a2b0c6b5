// The only place that configures node-addon-api; include it instead of napi.h.
#pragma once

#define NODE_ADDON_API_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include <napi.h>
