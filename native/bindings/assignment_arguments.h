// The arrays that come with a frame: checked, and lent or copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "assignment/problem.h"
#include "bindings/arguments.h"
#include "bindings/assignment_frame.h"

namespace omnirouter::bindings {

// Of every call that solves.
enum Argument : size_t { kFrame, kQuantities, kAllowed, kGroups, kChoice };

// Whether a typed array lies on a SharedArrayBuffer.
bool isShared(const Napi::Value& array);

// TypeScript sees to it that arrays have the right lengths; a workspace's are as long as its longest batch.
template <class T>
std::span<T> viewAtLeast(const Napi::Value& value, const char* argument, size_t length) {
  const std::span<T> array = view<T>(value, argument);
  if (array.size() < length)
    throw InvalidArgument(argument, std::string(argument) + " has " + std::to_string(array.size()) +
                                        " elements where " + std::to_string(length) + " are needed");
  return array.first(length);
}

std::span<float> viewMatrix(const Napi::Value& list, size_t k, const FrameSizes& sizes);
std::span<uint8_t> viewChoice(const Napi::Value& value, const FrameSizes& sizes);

// A problem whose arrays are the caller's, read where they lie; what indexes memory is copied from shared memory, though,
// where it could change between the check and the use.
class BorrowedProblem {
 public:
  BorrowedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes);

  assignment::Problem& problem;

 private:
  // Small batches come many a second: its vectors keep their memory from call to call.
  static assignment::Problem& kept();

  template <class T>
  const T* rows(const Napi::Value& value, const char* argument, std::vector<T>& copy) {
    if (isAbsent(value)) return nullptr;
    const auto given = viewAtLeast<T>(value, argument, problem.rows);
    if (!isShared(value)) return given.data();
    copy.assign(given.begin(), given.end());
    return copy.data();
  }

  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

// A problem that outlives the call: its arrays are copied, so that a caller who changes or transfers a buffer can do no
// harm, except matrices on shared memory, which cannot be transferred and are there to be shared.
class OwnedProblem {
 public:
  OwnedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes);

  // Of private memory; without them the problem is not to be used any more.
  std::vector<std::unique_ptr<float[]>> takeCopies() { return std::move(matrices_); }

  assignment::Problem problem;

 private:
  // On all threads: the event loop waits for it.
  static std::unique_ptr<float[]> copy(std::span<const float> values);

  template <class T>
  const T* rows(const Napi::Value& value, const char* argument, std::vector<T>& copy) {
    if (isAbsent(value)) return nullptr;
    const auto given = viewAtLeast<T>(value, argument, problem.rows);
    copy.assign(given.begin(), given.end());
    return copy.data();
  }

  std::vector<std::unique_ptr<float[]>> matrices_;
  std::vector<Napi::ObjectReference> pins_;
  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

}  // namespace omnirouter::bindings
