// Checked views of JavaScript arguments. TypeScript has checked them in sentences already; what is checked again here
// is what memory safety rests on: types, lengths, detached buffers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bindings/napi_setup.h"
#include "errors.h"

namespace omnirouter::bindings {

template <class T>
constexpr napi_typedarray_type typedArrayType() {
  if constexpr (std::is_same_v<T, float>)
    return napi_float32_array;
  else if constexpr (std::is_same_v<T, double>)
    return napi_float64_array;
  else if constexpr (std::is_same_v<T, int32_t>)
    return napi_int32_array;
  else if constexpr (std::is_same_v<T, uint32_t>)
    return napi_uint32_array;
  else if constexpr (std::is_same_v<T, uint16_t>)
    return napi_uint16_array;
  else if constexpr (std::is_same_v<T, uint64_t>)
    return napi_biguint64_array;
  else
    return napi_uint8_array;
}

constexpr size_t kAnyLength = std::numeric_limits<size_t>::max();

// The typed array's memory, where it lies (shared memory too). T picks the class that is accepted; `length` is the
// exact number of elements required, or kAnyLength.
template <class T>
std::span<T> view(const Napi::Value& value, const char* argument, size_t length = kAnyLength) {
  if (!value.IsTypedArray()) throw InvalidArgument(argument, std::string(argument) + " must be a typed array");
  napi_typedarray_type type;
  size_t elements = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer;
  if (napi_get_typedarray_info(value.Env(), value, &type, &elements, &data, &buffer, &offset) != napi_ok)
    throw InvalidArgument(argument, std::string(argument) + " must be a typed array");
  if (type != typedArrayType<std::remove_const_t<T>>())
    throw InvalidArgument(argument, std::string(argument) + " is a typed array of the wrong element type");
  bool detached = false;
  if (napi_is_detached_arraybuffer(value.Env(), buffer, &detached) == napi_ok && detached)
    throw InvalidArgument(argument, std::string(argument) + " has a detached buffer: it was transferred elsewhere");
  if (length != kAnyLength && elements != length)
    throw InvalidArgument(argument, std::string(argument) + " has " + std::to_string(elements) + " elements where " +
                                        std::to_string(length) + " are needed");
  return {static_cast<T*>(data), elements};
}

// A copy, for what outlives the call.
template <class T>
std::vector<T> copyIn(const Napi::Value& value, const char* argument, size_t length = kAnyLength) {
  const auto values = view<const T>(value, argument, length);
  return {values.begin(), values.end()};
}

inline bool isAbsent(const Napi::Value& value) { return value.IsUndefined() || value.IsNull(); }

inline double number(const Napi::Value& value, const char* argument) {
  if (!value.IsNumber()) throw InvalidArgument(argument, std::string(argument) + " must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

// A whole number in [least, most].
inline int64_t integer(const Napi::Value& value, const char* argument, int64_t least, int64_t most) {
  const double x = number(value, argument);
  if (!(x >= static_cast<double>(least) && x <= static_cast<double>(most)) ||
      x != static_cast<double>(static_cast<int64_t>(x)))
    throw InvalidArgument(argument, std::string(argument) + " must be a whole number from " + std::to_string(least) +
                                        " to " + std::to_string(most));
  return static_cast<int64_t>(x);
}

inline bool boolean(const Napi::Value& value, const char* argument) {
  if (!value.IsBoolean()) throw InvalidArgument(argument, std::string(argument) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

inline std::string string(const Napi::Value& value, const char* argument) {
  if (!value.IsString()) throw InvalidArgument(argument, std::string(argument) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

inline Napi::Object object(const Napi::Value& value, const char* argument) {
  if (!value.IsObject()) throw InvalidArgument(argument, std::string(argument) + " must be an object");
  return value.As<Napi::Object>();
}

// A new JavaScript-owned typed array with a copy of `values`.
template <class Array, class T>
Array copyOut(Napi::Env env, std::span<const T> values) {
  Array array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

}  // namespace omnirouter::bindings
