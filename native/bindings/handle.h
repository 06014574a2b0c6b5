// A native object in JavaScript's keeping: an opaque object without properties, tagged with its type so that a wrong
// one is an error and not a crash. Work in progress shares the native object, so that JavaScript may drop it any time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "bindings/napi_setup.h"
#include "errors.h"

namespace omnirouter::bindings {

// Specialise as: template <> inline constexpr napi_type_tag kHandleTag<T> = {random 64 bits, random 64 bits};
template <class T>
extern const napi_type_tag kHandleTag;

template <class T>
struct HandleBox {
  std::shared_ptr<const T> native;
  int64_t bytes;
};

// `bytes` is what the object holds outside V8's heap, for the garbage collector to know.
template <class T>
Napi::Value makeHandle(Napi::Env env, std::shared_ptr<const T> native, size_t bytes) {
  Napi::Object object = Napi::Object::New(env);
  auto box = std::make_unique<HandleBox<T>>(HandleBox<T>{std::move(native), static_cast<int64_t>(bytes)});
  const auto finalize = [](napi_env e, void* data, void*) {
    const std::unique_ptr<HandleBox<T>> dying(static_cast<HandleBox<T>*>(data));
    int64_t total;
    napi_adjust_external_memory(e, -dying->bytes, &total);
  };
  if (napi_type_tag_object(env, object, &kHandleTag<T>) != napi_ok ||
      napi_wrap(env, object, box.get(), finalize, nullptr, nullptr) != napi_ok)
    throw Error("ERR_OMNI_INTERNAL", "", "a native handle could not be made");
  int64_t total;
  napi_adjust_external_memory(env, box.release()->bytes, &total);
  return object;
}

template <class T>
std::shared_ptr<const T> fromHandle(const Napi::Value& value, const char* argument) {
  bool matches = false;
  void* data = nullptr;
  if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &kHandleTag<T>, &matches) != napi_ok ||
      !matches || napi_unwrap(value.Env(), value, &data) != napi_ok)
    throw InvalidArgument(argument, std::string(argument) + " is not a native handle of the right type");
  return static_cast<HandleBox<T>*>(data)->native;
}

}  // namespace omnirouter::bindings
