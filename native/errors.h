// The two ways native code refuses: by a bad argument, or by a failure of the world (a file, a library). The bindings
// turn both into JavaScript errors with `code` and, for the first, `argument`.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace omnirouter {

// `code` is one of lib/errors.ts ErrorCode; `argument` is the caller's name for the culprit, e.g. "limits[1].bound".
class Error : public std::runtime_error {
 public:
  Error(std::string code, std::string argument, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)), argument_(std::move(argument)) {}
  const std::string& code() const { return code_; }
  const std::string& argument() const { return argument_; }

 private:
  std::string code_, argument_;
};

class InvalidArgument : public Error {
 public:
  InvalidArgument(std::string argument, const std::string& message)
      : Error("ERR_OMNI_INVALID_ARGUMENT", std::move(argument), message) {}
};

// Thrown by a computation that saw its cancel flag raised; the binding rejects with the AbortSignal's reason.
class Cancelled : public Error {
 public:
  Cancelled() : Error("ERR_OMNI_CANCELLED", "", "the operation was cancelled") {}
};

}  // namespace omnirouter
