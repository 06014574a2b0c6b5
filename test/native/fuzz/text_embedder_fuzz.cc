// TextEmbedder::fromBytes on any bytes, and embed() on any text: an error or embeddings of length 1 or 0.
#include <cmath>
#include <string>
#include <vector>

#include "errors.h"
#include "native/fuzz/saved.h"
#include "prediction/text_embedder.h"

using namespace omnirouter;
using namespace omnirouter::prediction;
using namespace omnirouter::test;

namespace {

std::vector<uint8_t> fitted() {
  Texts texts;
  for (const char* text : {"prove that the sum of two odd numbers is even", "écrivez une fonction en Rust",
                           "sum the numbers of a list in Rust", "translate: 数字の合計は偶数です", ""})
    texts.append(text);
  return TextEmbedder::fit(texts, {.dimension = 4, .seed = 1}, kNever).toBytes();
}

void use(const TextEmbedder& embedder, std::span<const uint8_t> text) {
  Texts texts;
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  texts.append(view);
  texts.append("the sum of numbers " + std::string(view) + " even");
  std::vector<float> out(texts.size() * embedder.dimension());
  embedder.embed(texts, out.data(), kNever);
  for (size_t i = 0; i < texts.size(); ++i) {
    double square = 0;
    for (size_t d = 0; d < embedder.dimension(); ++d) {
      const auto value = static_cast<double>(out[i * embedder.dimension() + d]);
      require(std::isfinite(value), "an embedding is not finite");
      square += value * value;
    }
    require(square == 0 || std::abs(square - 1) < 1e-3, "an embedding has length " + std::to_string(square));
  }
}

}  // namespace

void omnirouter::test::fuzz(Input& in) {
  static const std::vector<uint8_t> good = fitted();
  trySaved(in, good, [&](const std::vector<uint8_t>& bytes) { use(TextEmbedder::fromBytes(bytes), in.rest()); });
}
