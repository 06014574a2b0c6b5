#include "prediction/text_embedder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "compute/pool.h"
#include "errors.h"
#include "prediction/hash.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

static Texts batch(const std::vector<std::string>& texts) {
  Texts result;
  for (const std::string& text : texts) result.append(text);
  return result;
}

static std::vector<std::string> corpus(size_t count, unsigned seed) {
  static const std::vector<std::vector<std::string>> topics = {
      {"integral", "derivative", "matrix", "theorem", "prove", "polynomial"},
      {"enzyme", "protein", "cell", "membrane", "mitosis", "tissue"},
      {"court", "contract", "plaintiff", "liable", "statute", "negligence"}};
  std::mt19937 random(seed);
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    for (int word = 0; word < 12; ++word) text += topics[i % 3][random() % 6] + " ";
    texts.push_back(text);
  }
  return texts;
}

static TextEmbedder fit(const std::vector<std::string>& texts, size_t dimension = 256, uint64_t seed = 0) {
  return TextEmbedder::fit(batch(texts), {dimension, seed}, compute::CancelFlag());
}

static std::vector<float> embed(const TextEmbedder& embedder, const std::vector<std::string>& texts) {
  std::vector<float> out(texts.size() * embedder.dimension(), -1.0f);
  embedder.embed(batch(texts), out.data(), compute::CancelFlag());
  return out;
}

static double cosine(const TextEmbedder& embedder, const std::string& a, const std::string& b) {
  const auto both = embed(embedder, {a, b});
  double sum = 0;
  for (size_t i = 0; i < embedder.dimension(); ++i) sum += both[i] * both[embedder.dimension() + i];
  return sum;
}

TEST_CASE("rows have unit length, and texts on one subject are nearer than on two") {
  const TextEmbedder embedder = fit(corpus(120, 1), 16);
  CHECK(embedder.dimension() == 16);
  for (const std::string& text : corpus(9, 2)) CHECK(cosine(embedder, text, text) == doctest::Approx(1).epsilon(1e-5));
  const std::string math = "prove the polynomial theorem", biology = "cell membrane protein";
  CHECK(cosine(embedder, math, "matrix derivative theorem") > cosine(embedder, math, biology) + 0.3);
}

TEST_CASE("a text that shares nothing with the history, and an empty one, are zero") {
  const TextEmbedder embedder = fit(corpus(60, 1), 16);
  for (const std::string text : {"", "  \n", "\xE6\xBC\xA2\xE5\xAD\x97"})
    for (const float x : embed(embedder, {text})) CHECK(x == 0.0f);
}

TEST_CASE("the dimension shrinks to the rank of what it is fitted on") {
  CHECK(fit({"only one text"}).dimension() == 1);
  CHECK(fit(std::vector<std::string>(200, "the same text")).dimension() == 1);
  CHECK(fit({"one thing here", "quite another"}).dimension() == 2);
  const TextEmbedder nothing = fit({"", "", ""});
  CHECK(nothing.dimension() == 1);
  CHECK(embed(nothing, {"anything"}) == std::vector<float>{0.0f});
}

TEST_CASE("bit-identical for any number of threads; decided by texts and seed") {
  const auto texts = corpus(300, 3);
  compute::Pool::shared().setThreads(1);
  const TextEmbedder alone = fit(texts, 12, 4);
  const auto vectors = embed(alone, texts);
  compute::Pool::shared().setThreads(4);
  const TextEmbedder together = fit(texts, 12, 4);
  CHECK(alone.toBytes() == together.toBytes());
  CHECK(alone.fingerprint() == together.fingerprint());
  CHECK(embed(together, texts) == vectors);
  // Again and again, for memory that was never written differs from time to time.
  for (size_t repeat = 0; repeat < 30; ++repeat) {
    compute::Pool::shared().setThreads(1 + repeat % 4);
    CHECK(fit(texts, 12, 4).fingerprint() == alone.fingerprint());
  }
  CHECK(fit(texts, 12, 5).fingerprint() != alone.fingerprint());
  CHECK(fit(corpus(300, 8), 12, 4).fingerprint() != alone.fingerprint());
}

TEST_CASE("any bytes are a text, of any length; the two ends of a long one are read") {
  std::mt19937 random(5);
  std::string noise(3 << 20, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  auto texts = corpus(40, 1);
  texts.push_back(noise);
  const TextEmbedder embedder = fit(texts, 8);
  for (const float x : embed(embedder, {noise})) CHECK(std::isfinite(x));

  const std::string middle(1 << 20, 'x');
  CHECK(cosine(embedder, "enzyme protein cell " + middle, "enzyme protein cell") > 0.5);
  CHECK(cosine(embedder, middle + " enzyme protein cell", "enzyme protein cell") > 0.5);
}

TEST_CASE("saved bytes restore the same embedder") {
  const TextEmbedder embedder = fit(corpus(90, 1), 10);
  const TextEmbedder restored = TextEmbedder::fromBytes(embedder.toBytes());
  CHECK(restored.fingerprint() == embedder.fingerprint());
  CHECK(restored.toBytes() == embedder.toBytes());
  const auto texts = corpus(20, 9);
  CHECK(embed(restored, texts) == embed(embedder, texts));
}

static std::string refusal(const std::vector<uint8_t>& bytes) {
  try {
    TextEmbedder::fromBytes(bytes);
  } catch (const Error& error) {
    return error.code();
  }
  return "accepted";
}

TEST_CASE("truncated, extended and altered bytes are refused") {
  const std::vector<uint8_t> good = fit(corpus(20, 1), 3).toBytes();
  CHECK(refusal(good) == "accepted");
  for (size_t length = 0; length < good.size(); length += length < 64 ? 1 : 97)
    CHECK(refusal({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)}) == "ERR_OMNI_CORRUPT");
  auto longer = good;
  longer.push_back(0);
  CHECK(refusal(longer) == "ERR_OMNI_CORRUPT");
  std::mt19937 random(3);
  for (int repeat = 0; repeat < 400; ++repeat) {
    auto altered = good;
    // Half of the time in the header, where the sizes are.
    const size_t at = repeat % 2 == 0 ? random() % 24 : random() % good.size();
    altered[at] ^= static_cast<uint8_t>(1u << (random() % 8));
    const std::string code = refusal(altered);
    CHECK((code == "ERR_OMNI_CORRUPT" || (code == "ERR_OMNI_VERSION" && at >= 8 && at < 12)));
  }
}

TEST_CASE("bytes with a matching checksum are still checked") {
  const std::vector<uint8_t> good = fit(corpus(20, 1), 3).toBytes();
  const auto resealed = [&](size_t at, uint32_t value) {
    auto bytes = good;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    const uint64_t checksum = hashBytes(bytes.data(), bytes.size() - 8);
    std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
    return refusal(bytes);
  };
  CHECK(resealed(8, 2) == "ERR_OMNI_VERSION");
  CHECK(resealed(12, 0) == "ERR_OMNI_CORRUPT");                          // dimension
  CHECK(resealed(24, kBuckets) == "ERR_OMNI_CORRUPT");                   // a bucket that does not exist
  CHECK(resealed(24, kBuckets - 1) == "ERR_OMNI_CORRUPT");               // out of order
  CHECK(resealed(good.size() - 12, 0x7FC00000u) == "ERR_OMNI_CORRUPT");  // NaN
}

TEST_CASE("a raised flag stops fitting and embedding") {
  compute::CancelFlag cancel;
  cancel.raise();
  CHECK_THROWS_AS(TextEmbedder::fit(batch(corpus(50, 1)), {8, 0}, cancel), Cancelled);
  const TextEmbedder embedder = fit(corpus(50, 1), 8);
  std::vector<float> out(8);
  CHECK_THROWS_AS(embedder.embed(batch({"cell"}), out.data(), cancel), Cancelled);
}
