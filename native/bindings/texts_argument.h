// A JavaScript array of strings as a batch of UTF-8 texts.
#pragma once

#include <string>

#include "bindings/napi_setup.h"
#include "errors.h"
#include "prediction/texts.h"

namespace omnirouter::bindings {

// A lone surrogate becomes U+FFFD, as in TextEncoder.
inline prediction::Texts texts(const Napi::Value& value, const std::string& argument) {
  if (!value.IsArray()) throw InvalidArgument(argument, argument + " must be an array of strings");
  const Napi::Env env = value.Env();
  const auto array = value.As<Napi::Array>();
  prediction::Texts result;
  std::string buffer;
  for (uint32_t i = 0, count = array.Length(); i < count; ++i) {
    const Napi::HandleScope scope(env);
    const Napi::Value element = array[i];
    size_t length = 0;
    if (!element.IsString() || napi_get_value_string_utf8(env, element, nullptr, 0, &length) != napi_ok)
      throw InvalidArgument(argument + "[" + std::to_string(i) + "]",
                            argument + "[" + std::to_string(i) + "] must be a string");
    buffer.resize(length + 1);  // Node-API appends a zero
    napi_get_value_string_utf8(env, element, buffer.data(), buffer.size(), &length);
    result.append(std::string_view(buffer.data(), length));
  }
  return result;
}

}  // namespace omnirouter::bindings
