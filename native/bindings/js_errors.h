// C++ exceptions to JavaScript errors: { message, code, argument }. lib/errors.ts gives them their class.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "bindings/napi_setup.h"
#include "errors.h"

namespace omnirouter::bindings {

inline Napi::Error makeError(Napi::Env env, const std::string& code, const std::string& argument,
                             const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  if (!argument.empty()) error.Set("argument", Napi::String::New(env, argument));
  return error;
}

inline Napi::Error toJsError(Napi::Env env, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& error) {
    return error;
  } catch (const Error& error) {
    return makeError(env, error.code(), error.argument(), error.what());
  } catch (const std::bad_alloc&) {
    return makeError(env, "ERR_OMNI_OUT_OF_MEMORY", "", "not enough memory for this operation");
  } catch (const std::exception& error) {
    return makeError(env, "ERR_OMNI_INTERNAL", "", error.what());
  } catch (...) {
    return makeError(env, "ERR_OMNI_INTERNAL", "", "unknown native failure");
  }
}

// Wraps a binding so that no C++ exception leaves it untranslated: exports.Set("f", guarded<f>(env, "f")).
template <Napi::Value (*Callback)(const Napi::CallbackInfo&)>
Napi::Function guarded(Napi::Env env, const char* name) {
  return Napi::Function::New(
      env,
      [](const Napi::CallbackInfo& info) -> Napi::Value {
        try {
          return Callback(info);
        } catch (...) {
          throw toJsError(info.Env(), std::current_exception());
        }
      },
      name);
}

}  // namespace omnirouter::bindings
