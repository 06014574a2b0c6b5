// VectorIndex: the class lib/retrieval/vector-index.ts wraps.
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/js_errors.h"
#include "bindings/task.h"
#include "retrieval/byte_stream.h"
#include "retrieval/vector_index.h"

namespace omnirouter::bindings {

namespace {

using retrieval::Neighbour;
using retrieval::VectorIndex;

constexpr int64_t kMostK = (int64_t{1} << 31) - 1;
constexpr size_t kMostPlaces = size_t{1} << 30;

// The argument's memory for the length of a synchronous call. Shared memory, which another thread may be writing, is
// copied, so that what was checked is what is used.
template <class T>
class Steady {
 public:
  Steady(const Napi::Value& value, const char* argument) : span_(view<const T>(value, argument)) {
    napi_value buffer;
    bool owned = false;
    napi_get_typedarray_info(value.Env(), value, nullptr, nullptr, nullptr, &buffer, nullptr);
    if (napi_is_arraybuffer(value.Env(), buffer, &owned) == napi_ok && owned) return;
    copy_.assign(span_.begin(), span_.end());
    span_ = copy_;
  }
  std::span<const T> span() const { return span_; }

 private:
  std::span<const T> span_;
  std::vector<T> copy_;
};

retrieval::Kind kindOf(const Napi::Value& value) {
  const std::string name = string(value, "kind");
  if (name == "auto") return retrieval::Kind::automatic;
  if (name == "flat") return retrieval::Kind::flat;
  if (name == "hnsw") return retrieval::Kind::hnsw;
  throw InvalidArgument("kind", "kind must be \"auto\", \"flat\" or \"hnsw\"");
}

// Places for the neighbours of `elements / dimension` queries.
std::vector<Neighbour> places(const VectorIndex& index, size_t elements, size_t k) {
  const size_t rows = elements / index.dimension();
  if (rows > kMostPlaces / k)
    throw InvalidArgument("k", "k times the number of queries must be at most 2^30; search in smaller batches");
  return std::vector<Neighbour>(rows * k);
}

std::vector<uint8_t> bytesOf(const VectorIndex& index, const compute::CancelFlag& cancel) {
  retrieval::MemorySink sink;
  sink.reserve(index.memory());
  index.write(sink, cancel);
  return sink.take();
}

// { ids, similarities, k }
Napi::Value toResult(Napi::Env env, std::span<const Neighbour> found, size_t k) {
  auto ids = Napi::Int32Array::New(env, found.size());
  auto similarities = Napi::Float32Array::New(env, found.size());
  int32_t* id = ids.Data();
  float* similarity = similarities.Data();
  for (const Neighbour& neighbour : found) {
    *id++ = neighbour.id;
    *similarity++ = neighbour.similarity;
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("ids", ids);
  result.Set("similarities", similarities);
  result.Set("k", Napi::Number::New(env, static_cast<double>(k)));
  return result;
}

const compute::CancelFlag kNever;

// A wrong `this` is refused by V8 itself: methods made by DefineClass carry a receiver signature.
class NativeVectorIndex : public Napi::ObjectWrap<NativeVectorIndex> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "NativeVectorIndex",
        {method<&NativeVectorIndex::dimension>("dimension"), method<&NativeVectorIndex::size>("size"),
         method<&NativeVectorIndex::hasGraph>("hasGraph"), method<&NativeVectorIndex::add>("add"),
         method<&NativeVectorIndex::addAsync>("addAsync"), method<&NativeVectorIndex::search>("search"),
         method<&NativeVectorIndex::searchAsync>("searchAsync"), method<&NativeVectorIndex::vectors>("vectors"),
         method<&NativeVectorIndex::settle>("settle"), method<&NativeVectorIndex::toBytes>("toBytes"),
         method<&NativeVectorIndex::toBytesAsync>("toBytesAsync"), method<&NativeVectorIndex::fromBytes>("fromBytes"),
         method<&NativeVectorIndex::writeFile>("writeFile"), method<&NativeVectorIndex::readFile>("readFile")});
  }

  // (dimension, kind)
  explicit NativeVectorIndex(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeVectorIndex>(info) {
    try {
      const auto dimension = integer(info[0], "dimension", 1, retrieval::kMostDimensions);
      kind_ = kindOf(info[1]);
      index_ = VectorIndex::create(static_cast<size_t>(dimension), kind_);
    } catch (...) {
      throw toJsError(info.Env(), std::current_exception());
    }
  }

  ~NativeVectorIndex() override { Napi::MemoryManagement::AdjustExternalMemory(Env(), -reported_); }

 private:
  class IndexTask;
  class AddTask;
  class SearchTask;
  class BytesTask;
  class SettleTask;
  class WriteTask;
  class ReadTask;

  using Method = Napi::Value (NativeVectorIndex::*)(const Napi::CallbackInfo&);

  template <Method call>
  Napi::Value guardedMethod(const Napi::CallbackInfo& info) {
    try {
      return (this->*call)(info);
    } catch (...) {
      throw toJsError(info.Env(), std::current_exception());
    }
  }
  template <Method call>
  static Napi::ClassPropertyDescriptor<NativeVectorIndex> method(const char* name) {
    return InstanceMethod<&NativeVectorIndex::guardedMethod<call>>(name);
  }

  // Tells V8 how much lies outside its heap, so that it collects forgotten indexes in time. A graph grows in the
  // background; that is told with the next call.
  void account() {
    const auto bytes = static_cast<int64_t>(index_->memory());
    Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes - reported_);
    reported_ = bytes;
  }

  void replace(std::shared_ptr<VectorIndex> index) {
    index_ = std::move(index);
    account();
  }

  Napi::Value dimension(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(index_->dimension()));
  }
  Napi::Value size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(index_->size()));
  }
  Napi::Value hasGraph(const Napi::CallbackInfo& info) {
    account();
    return Napi::Boolean::New(info.Env(), index_->hasGraph());
  }

  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value addAsync(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value vectors(const Napi::CallbackInfo& info);
  Napi::Value searchAsync(const Napi::CallbackInfo& info);
  Napi::Value settle(const Napi::CallbackInfo& info);
  Napi::Value toBytes(const Napi::CallbackInfo& info);
  Napi::Value toBytesAsync(const Napi::CallbackInfo& info);
  Napi::Value fromBytes(const Napi::CallbackInfo& info);
  Napi::Value writeFile(const Napi::CallbackInfo& info);
  Napi::Value readFile(const Napi::CallbackInfo& info);

  retrieval::Kind kind_ = retrieval::Kind::automatic;
  std::shared_ptr<VectorIndex> index_;
  int64_t reported_ = 0;
};

// ---- asynchronous work: everything it reads is its own copy or the index, which is safe to share ----

class NativeVectorIndex::IndexTask : public Task {
 public:
  explicit IndexTask(NativeVectorIndex& owner)
      : owner_(owner), alive_(Napi::Persistent(owner.Value())), index_(owner.index_) {}
  Napi::Value result(Napi::Env env) override {
    owner_.account();
    return env.Undefined();
  }

 protected:
  NativeVectorIndex& owner_;  // JS thread only
  Napi::ObjectReference alive_;
  const std::shared_ptr<VectorIndex> index_;
};

class NativeVectorIndex::AddTask final : public IndexTask {
 public:
  AddTask(NativeVectorIndex& owner, std::vector<float> vectors, std::vector<int32_t> ids)
      : IndexTask(owner), vectors_(std::move(vectors)), ids_(std::move(ids)) {}
  void compute(const compute::CancelFlag& cancel) override { index_->add(vectors_, ids_, cancel); }

 private:
  const std::vector<float> vectors_;
  const std::vector<int32_t> ids_;
};

class NativeVectorIndex::SearchTask final : public IndexTask {
 public:
  SearchTask(NativeVectorIndex& owner, std::vector<float> queries, size_t k, size_t among)
      : IndexTask(owner),
        queries_(std::move(queries)),
        k_(k),
        among_(among),
        found_(places(*index_, queries_.size(), k)) {}
  void compute(const compute::CancelFlag& cancel) override { index_->search(queries_, k_, cancel, found_, among_); }
  Napi::Value result(Napi::Env env) override { return toResult(env, found_, k_); }

 private:
  const std::vector<float> queries_;
  const size_t k_;
  const size_t among_;
  std::vector<Neighbour> found_;
};

class NativeVectorIndex::BytesTask final : public IndexTask {
 public:
  using IndexTask::IndexTask;
  void compute(const compute::CancelFlag& cancel) override { bytes_ = bytesOf(*index_, cancel); }
  Napi::Value result(Napi::Env env) override {
    return copyOut<Napi::Uint8Array>(env, std::span<const uint8_t>(bytes_));
  }

 private:
  std::vector<uint8_t> bytes_;
};

class NativeVectorIndex::SettleTask final : public IndexTask {
 public:
  using IndexTask::IndexTask;
  void compute(const compute::CancelFlag& cancel) override { index_->settle(cancel); }
};

class NativeVectorIndex::WriteTask final : public IndexTask {
 public:
  WriteTask(NativeVectorIndex& owner, int descriptor) : IndexTask(owner), descriptor_(descriptor) {}
  void compute(const compute::CancelFlag& cancel) override {
    retrieval::FileSink sink(descriptor_, cancel);
    index_->write(sink, cancel);
  }

 private:
  const int descriptor_;
};

class NativeVectorIndex::ReadTask final : public IndexTask {
 public:
  ReadTask(NativeVectorIndex& owner, int descriptor) : IndexTask(owner), descriptor_(descriptor), kind_(owner.kind_) {}
  void compute(const compute::CancelFlag& cancel) override {
    retrieval::FileSource source(descriptor_, cancel);
    loaded_ = VectorIndex::read(source, kind_);
  }
  Napi::Value result(Napi::Env env) override {
    owner_.replace(std::move(loaded_));
    return env.Undefined();
  }

 private:
  const int descriptor_;
  const retrieval::Kind kind_;
  std::shared_ptr<VectorIndex> loaded_;
};

// ---- methods ----

// add(vectors: Float32Array, ids?: Int32Array)
Napi::Value NativeVectorIndex::add(const Napi::CallbackInfo& info) {
  const Steady<float> vectors(info[0], "vectors");
  if (isAbsent(info[1])) {
    index_->add(vectors.span(), {}, kNever);
  } else {
    const Steady<int32_t> ids(info[1], "ids");
    index_->add(vectors.span(), ids.span(), kNever);
  }
  account();
  return info.Env().Undefined();
}

Napi::Value NativeVectorIndex::addAsync(const Napi::CallbackInfo& info) {
  auto vectors = copyIn<float>(info[0], "vectors");
  auto ids = isAbsent(info[1]) ? std::vector<int32_t>() : copyIn<int32_t>(info[1], "ids");
  return start(info.Env(), std::make_shared<AddTask>(*this, std::move(vectors), std::move(ids)));
}

// How many of the first rows a search looks at: all, unless told.
size_t amongOf(const Napi::Value& value) {
  return isAbsent(value) ? std::numeric_limits<size_t>::max()
                         : static_cast<size_t>(integer(value, "among", 0, int64_t{1} << 31));
}

// vectors(rows: Int32Array): Float32Array
Napi::Value NativeVectorIndex::vectors(const Napi::CallbackInfo& info) {
  const auto rows = view<const int32_t>(info[0], "rows");
  return copyOut<Napi::Float32Array, float>(info.Env(), index_->vectors(rows));
}

// search(queries: Float32Array, k: number, among?: number): { ids, similarities, k }
Napi::Value NativeVectorIndex::search(const Napi::CallbackInfo& info) {
  const Steady<float> queries(info[0], "queries");
  const auto k = static_cast<size_t>(integer(info[1], "k", 1, kMostK));
  auto found = places(*index_, queries.span().size(), k);
  index_->search(queries.span(), k, kNever, found, amongOf(info[2]));
  return toResult(info.Env(), found, k);
}

Napi::Value NativeVectorIndex::searchAsync(const Napi::CallbackInfo& info) {
  auto queries = copyIn<float>(info[0], "queries");
  const auto k = static_cast<size_t>(integer(info[1], "k", 1, kMostK));
  return start(info.Env(), std::make_shared<SearchTask>(*this, std::move(queries), k, amongOf(info[2])));
}

Napi::Value NativeVectorIndex::settle(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<SettleTask>(*this));
}

// toBytes(): Uint8Array
Napi::Value NativeVectorIndex::toBytes(const Napi::CallbackInfo& info) {
  const auto bytes = bytesOf(*index_, kNever);
  return copyOut<Napi::Uint8Array>(info.Env(), std::span<const uint8_t>(bytes));
}

Napi::Value NativeVectorIndex::toBytesAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<BytesTask>(*this));
}

// fromBytes(bytes: Uint8Array): replaces what the index holds, its dimension included
Napi::Value NativeVectorIndex::fromBytes(const Napi::CallbackInfo& info) {
  const Steady<uint8_t> bytes(info[0], "bytes");
  retrieval::MemorySource source(bytes.span());
  replace(VectorIndex::read(source, kind_));
  return info.Env().Undefined();
}

// writeFile(descriptor: number), readFile(descriptor: number): as toBytes and fromBytes, off the JS thread
Napi::Value NativeVectorIndex::writeFile(const Napi::CallbackInfo& info) {
  const auto descriptor = static_cast<int>(integer(info[0], "descriptor", 0, kMostK));
  return start(info.Env(), std::make_shared<WriteTask>(*this, descriptor));
}

Napi::Value NativeVectorIndex::readFile(const Napi::CallbackInfo& info) {
  const auto descriptor = static_cast<int>(integer(info[0], "descriptor", 0, kMostK));
  return start(info.Env(), std::make_shared<ReadTask>(*this, descriptor));
}

}  // namespace

void registerRetrieval(Napi::Env env, Napi::Object exports) {
  exports.Set("NativeVectorIndex", NativeVectorIndex::define(env));
}

}  // namespace omnirouter::bindings
