#include "bindings/assignment_arguments.h"

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::bindings {

bool isShared(const Napi::Value& array) {
  napi_value buffer = nullptr;
  bool own = false;
  napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, nullptr, &buffer, nullptr);
  napi_is_arraybuffer(array.Env(), buffer, &own);
  return !own;
}

std::span<float> viewMatrix(const Napi::Value& list, size_t k, const FrameSizes& sizes) {
  static constexpr const char* kArgument[] = {"quantities[0]", "quantities[1]", "quantities[2]", "quantities[3]",
                                              "quantities[4]", "quantities[5]", "quantities[6]", "quantities[7]"};
  static_assert(std::size(kArgument) == assignment::kMaxQuantities);
  napi_value matrix;
  if (!list.IsArray() || napi_get_element(list.Env(), list, static_cast<uint32_t>(k), &matrix) != napi_ok)
    throw InvalidArgument("quantities", "quantities must be an array of Float32Array");
  return viewAtLeast<float>({list.Env(), matrix}, kArgument[k], sizes.rows * sizes.models);
}

std::span<uint8_t> viewChoice(const Napi::Value& value, const FrameSizes& sizes) {
  return viewAtLeast<uint8_t>(value, "out", sizes.rows);
}

assignment::Problem& BorrowedProblem::kept() {
  thread_local assignment::Problem problem;
  return problem;
}

BorrowedProblem::BorrowedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes)
    : problem(kept()) {
  readProblem(frame, sizes, problem);
  for (size_t k = 0; k < sizes.quantities; ++k)
    problem.quantities[k].values = viewMatrix(info[kQuantities], k, sizes).data();
  problem.allowed = rows<uint64_t>(info[kAllowed], "allowed", allowed_);
  problem.groups = rows<uint16_t>(info[kGroups], "groups", groups_);
}

OwnedProblem::OwnedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes) {
  readProblem(frame, sizes, problem);
  for (size_t k = 0; k < sizes.quantities; ++k) {
    const std::span<const float> values = viewMatrix(info[kQuantities], k, sizes);
    const Napi::Value matrix = info[kQuantities].As<Napi::Object>().Get(static_cast<uint32_t>(k));
    if (isShared(matrix)) {
      pins_.push_back(Napi::Persistent(matrix.As<Napi::Object>()));
      problem.quantities[k].values = values.data();
    } else {
      problem.quantities[k].values = matrices_.emplace_back(copy(values)).get();
    }
  }
  problem.allowed = rows<uint64_t>(info[kAllowed], "allowed", allowed_);
  problem.groups = rows<uint16_t>(info[kGroups], "groups", groups_);
}

std::unique_ptr<float[]> OwnedProblem::copy(std::span<const float> values) {
  auto out = std::make_unique_for_overwrite<float[]>(values.size());
  const compute::Chunks chunks(values.size(), size_t{1} << 18);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    const auto [begin, end] = chunks[chunk];
    std::copy(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end),
              out.get() + begin);
  });
  return out;
}

}  // namespace omnirouter::bindings
