// The saved form of a TextEmbedder. Little-endian, no padding:
//
//   magic "OMNITEXT"            8 bytes
//   format version              uint32
//   dimension                   uint32
//   features                    uint64
//   bucket of each feature      uint32 [features], strictly ascending
//   idf of each feature         float32 [features]
//   projection                  float32 [features x dimension]
//   checksum of all above       uint64 (hashBytes)
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "errors.h"
#include "prediction/hash.h"
#include "prediction/text_embedder.h"

static_assert(std::endian::native == std::endian::little, "the saved form is read and written where it lies");

namespace omnirouter::prediction {

namespace {

constexpr char kMagic[8] = {'O', 'M', 'N', 'I', 'T', 'E', 'X', 'T'};
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kHeaderBytes = sizeof kMagic + 2 * sizeof(uint32_t) + sizeof(uint64_t);

[[noreturn]] void corrupt(const std::string& what) {
  throw Error("ERR_OMNI_CORRUPT", "bytes", "not a saved text embedder: " + what);
}

class Writer {
 public:
  explicit Writer(std::vector<uint8_t>& bytes) : at_(bytes.data()) {}
  template <class T>
  void put(const T* values, size_t count) {
    if (count > 0) std::memcpy(at_, values, count * sizeof(T));
    at_ += count * sizeof(T);
  }

 private:
  uint8_t* at_;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : rest_(bytes) {}
  template <class T>
  void get(T* values, size_t count) {
    if (rest_.size() / sizeof(T) < count) corrupt("it is truncated");
    if (count > 0) std::memcpy(values, rest_.data(), count * sizeof(T));
    rest_ = rest_.subspan(count * sizeof(T));
  }

 private:
  std::span<const uint8_t> rest_;
};

// Cannot overflow for features <= kBuckets and dimension <= kMaxDimension.
size_t savedBytes(uint64_t features, uint64_t dimension) {
  return kHeaderBytes + features * (sizeof(uint32_t) + sizeof(float) + dimension * sizeof(float)) + sizeof(uint64_t);
}

}  // namespace

std::vector<uint8_t> TextEmbedder::toBytes() const {
  std::vector<uint8_t> bytes(savedBytes(buckets_.size(), dimension_));
  const auto dimension = static_cast<uint32_t>(dimension_);
  const uint64_t features = buckets_.size();
  Writer writer(bytes);
  writer.put(kMagic, sizeof kMagic);
  writer.put(&kFormatVersion, 1);
  writer.put(&dimension, 1);
  writer.put(&features, 1);
  writer.put(buckets_.data(), buckets_.size());
  writer.put(idf_.data(), idf_.size());
  writer.put(projection_.data(), projection_.size());
  const uint64_t checksum = hashBytes(bytes.data(), bytes.size() - sizeof(uint64_t));
  writer.put(&checksum, 1);
  return bytes;
}

TextEmbedder TextEmbedder::fromBytes(std::span<const uint8_t> bytes) {
  Reader reader(bytes);
  char magic[sizeof kMagic];
  reader.get(magic, sizeof magic);
  if (std::memcmp(magic, kMagic, sizeof magic) != 0) corrupt("it begins otherwise");
  uint32_t version, dimension;
  reader.get(&version, 1);
  if (version != kFormatVersion)
    throw Error("ERR_OMNI_VERSION", "bytes",
                "a text embedder of format version " + std::to_string(version) + "; this release reads version " +
                    std::to_string(kFormatVersion));
  reader.get(&dimension, 1);
  uint64_t features;
  reader.get(&features, 1);
  // Checked before anything of that size is allocated.
  if (dimension < 1 || dimension > kMaxDimension || features > kBuckets) corrupt("its sizes are impossible");
  if (bytes.size() != savedBytes(features, dimension)) corrupt("it is truncated, or followed by something else");

  TextEmbedder embedder;
  embedder.dimension_ = dimension;
  embedder.buckets_.resize(features);
  embedder.idf_.resize(features);
  embedder.projection_.resize(features * dimension);
  reader.get(embedder.buckets_.data(), embedder.buckets_.size());
  reader.get(embedder.idf_.data(), embedder.idf_.size());
  reader.get(embedder.projection_.data(), embedder.projection_.size());
  uint64_t checksum;
  reader.get(&checksum, 1);
  if (checksum != hashBytes(bytes.data(), bytes.size() - sizeof(uint64_t)))
    corrupt("its checksum does not match, so it was altered or damaged");
  // A matching checksum does not prove who wrote it.
  for (size_t i = 0; i < features; ++i)
    if (embedder.buckets_[i] >= kBuckets || (i > 0 && embedder.buckets_[i] <= embedder.buckets_[i - 1]))
      corrupt("its features are out of order");
  for (const auto* values : {&embedder.idf_, &embedder.projection_})
    for (const float value : *values)
      if (!std::isfinite(value)) corrupt("it holds a number that is not finite");
  embedder.buildLookup();
  embedder.seal();
  return embedder;
}

}  // namespace omnirouter::prediction
