// TextEmbedder (native/prediction/text_embedder.h) for lib/prediction/text-embedder.ts.
#include "prediction/text_embedder.h"

#include <memory>
#include <optional>
#include <utility>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "bindings/js_errors.h"
#include "bindings/prediction.h"
#include "bindings/task.h"
#include "bindings/texts_argument.h"

namespace omnirouter::bindings {

using prediction::TextEmbedder;
using prediction::Texts;

template <>
inline constexpr napi_type_tag kHandleTag<TextEmbedder> = {0x8C1F6A3D52E94B07u, 0xA6D20B94E15F7C38u};

namespace {

Napi::Value embedderHandle(Napi::Env env, TextEmbedder embedder) {
  const size_t bytes = embedder.bytes();
  return makeHandle<TextEmbedder>(env, std::make_shared<const TextEmbedder>(std::move(embedder)), bytes);
}

class FitTask final : public Task {
 public:
  FitTask(Texts texts, const TextEmbedder::FitOptions& options) : texts_(std::move(texts)), options_(options) {}
  void compute(const compute::CancelFlag& cancel) override { fitted_ = TextEmbedder::fit(texts_, options_, cancel); }
  Napi::Value result(Napi::Env env) override { return embedderHandle(env, std::move(*fitted_)); }

 private:
  Texts texts_;
  TextEmbedder::FitOptions options_;
  std::optional<TextEmbedder> fitted_;
};

class EmbedTask final : public Task {
 public:
  EmbedTask(Napi::Env env, std::shared_ptr<const TextEmbedder> embedder, Texts texts, bool heldOut)
      : embedder_(std::move(embedder)),
        texts_(std::move(texts)),
        heldOut_(heldOut),
        // Written from the pool's thread: nobody else can reach it before the promise resolves.
        out_(Napi::Persistent(Napi::Float32Array::New(env, texts_.size() * embedder_->dimension()))),
        data_(out_.Value().Data()) {}
  void compute(const compute::CancelFlag& cancel) override {
    if (heldOut_)
      embedder_->embedHeldOut(texts_, data_, cancel);
    else
      embedder_->embed(texts_, data_, cancel);
  }
  Napi::Value result(Napi::Env) override { return out_.Value(); }

 private:
  std::shared_ptr<const TextEmbedder> embedder_;
  Texts texts_;
  bool heldOut_;
  Napi::Reference<Napi::Float32Array> out_;
  float* data_;
};

// fitTextEmbedder(texts, dimension, seed) -> task of a handle
Napi::Value fitTextEmbedder(const Napi::CallbackInfo& info) {
  TextEmbedder::FitOptions options;
  options.dimension = static_cast<size_t>(integer(info[1], "dimension", 1, prediction::kMaxDimension));
  options.seed = static_cast<uint64_t>(integer(info[2], "seed", 0, (int64_t{1} << 53) - 1));
  return start(info.Env(), std::make_shared<FitTask>(texts(info[0], "texts"), options));
}

// embedTexts(handle, texts) -> Float32Array
Napi::Value embedTexts(const Napi::CallbackInfo& info) {
  const auto embedder = fromHandle<TextEmbedder>(info[0], "embedder");
  const Texts batch = texts(info[1], "texts");
  auto out = Napi::Float32Array::New(info.Env(), batch.size() * embedder->dimension());
  embedder->embed(batch, out.Data(), compute::CancelFlag());
  return out;
}

// embedTextsAsync(handle, texts) -> task of a Float32Array
Napi::Value embedTextsAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<EmbedTask>(info.Env(), fromHandle<TextEmbedder>(info[0], "embedder"),
                                                       texts(info[1], "texts"), false));
}

// embedTextsHeldOutAsync(handle, texts) -> task of a Float32Array
Napi::Value embedTextsHeldOutAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<EmbedTask>(info.Env(), fromHandle<TextEmbedder>(info[0], "embedder"),
                                                       texts(info[1], "texts"), true));
}

// textEmbedderInfo(handle) -> { dimension, fingerprint: 64 bits as a BigInt }
Napi::Value textEmbedderInfo(const Napi::CallbackInfo& info) {
  const auto embedder = fromHandle<TextEmbedder>(info[0], "embedder");
  auto result = Napi::Object::New(info.Env());
  result.Set("dimension", Napi::Number::New(info.Env(), static_cast<double>(embedder->dimension())));
  napi_value fingerprint;
  if (napi_create_bigint_uint64(info.Env(), embedder->fingerprint(), &fingerprint) != napi_ok)
    throw Error("ERR_OMNI_INTERNAL", "", "a BigInt could not be made");
  result.Set("fingerprint", fingerprint);
  return result;
}

// textEmbedderToBytes(handle) -> Uint8Array
Napi::Value textEmbedderToBytes(const Napi::CallbackInfo& info) {
  const std::vector<uint8_t> bytes = fromHandle<TextEmbedder>(info[0], "embedder")->toBytes();
  return copyOut<Napi::Uint8Array, uint8_t>(info.Env(), bytes);
}

// textEmbedderFromBytes(bytes) -> handle
Napi::Value textEmbedderFromBytes(const Napi::CallbackInfo& info) {
  return embedderHandle(info.Env(), TextEmbedder::fromBytes(view<const uint8_t>(info[0], "bytes")));
}

}  // namespace

void registerTextEmbedder(Napi::Env env, Napi::Object exports) {
  exports.Set("fitTextEmbedder", guarded<fitTextEmbedder>(env, "fitTextEmbedder"));
  exports.Set("embedTexts", guarded<embedTexts>(env, "embedTexts"));
  exports.Set("embedTextsAsync", guarded<embedTextsAsync>(env, "embedTextsAsync"));
  exports.Set("embedTextsHeldOutAsync", guarded<embedTextsHeldOutAsync>(env, "embedTextsHeldOutAsync"));
  exports.Set("textEmbedderInfo", guarded<textEmbedderInfo>(env, "textEmbedderInfo"));
  exports.Set("textEmbedderToBytes", guarded<textEmbedderToBytes>(env, "textEmbedderToBytes"));
  exports.Set("textEmbedderFromBytes", guarded<textEmbedderFromBytes>(env, "textEmbedderFromBytes"));
}

}  // namespace omnirouter::bindings
