// The saved form of a HybridPredictor. Little-endian, no padding:
//
//   magic "OMNIHYBR"   8 bytes
//   format version     uint32
//   parts              in the order of the archive() functions; counts uint64, numbers float32, float64 or uint32, a list
//                      of unknown length after its count; a forest's nodes int32, float32 and uint32 each
//   checksum           uint64 of all above (hashBytes)
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>

#include "errors.h"
#include "prediction/hash.h"
#include "prediction/hybrid.h"

static_assert(std::endian::native == std::endian::little, "the saved form is read and written where it lies");

namespace omnirouter::prediction {

namespace {

constexpr char kMagic[8] = {'O', 'M', 'N', 'I', 'H', 'Y', 'B', 'R'};
constexpr uint32_t kFormatVersion = 2;
constexpr size_t kStart = sizeof kMagic + sizeof(uint32_t);
// Sizes beyond these are no predictor's, and products of two of them do not overflow.
constexpr uint64_t kMostOfAnything = uint64_t{1} << 31;

[[noreturn]] void corrupt(const std::string& what) {
  throw Error("ERR_OMNI_CORRUPT", "bytes", "not a saved predictor: " + what);
}

class Writer {
 public:
  void raw(const void* data, size_t size) {
    const size_t end = bytes.size();
    bytes.resize(end + size);
    if (size > 0) std::memcpy(bytes.data() + end, data, size);
  }
  void size(size_t& value) { word(value); }
  void word(uint64_t value) { raw(&value, sizeof value); }
  void real(double value) { raw(&value, sizeof value); }
  template <class T>
  void array(std::vector<T>& values, size_t) {
    raw(values.data(), values.size() * sizeof(T));
  }
  template <class T>
  void list(std::vector<T>& values) {
    word(values.size());
    array(values, values.size());
  }

  std::vector<uint8_t> bytes;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : rest_(bytes) {}
  void size(size_t& value) {
    uint64_t read = 0;
    word(read);
    if (read > kMostOfAnything) corrupt("its sizes are impossible");
    value = static_cast<size_t>(read);
  }
  void word(uint64_t& value) { raw(&value, sizeof value); }
  void real(double& value) {
    raw(&value, sizeof value);
    if (!std::isfinite(value)) corrupt("it holds a number that is not finite");
  }
  template <class T>
  void array(std::vector<T>& values, size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    // Before anything of that size is allocated.
    if (count > rest_.size() / sizeof(T)) corrupt("it is truncated");
    values.resize(count);
    raw(values.data(), count * sizeof(T));
    if constexpr (std::is_floating_point_v<T>)
      for (const T value : values)
        if (!std::isfinite(value)) corrupt("it holds a number that is not finite");
  }
  template <class T>
  void list(std::vector<T>& values) {
    size_t count = 0;
    size(count);
    array(values, count);
  }
  bool atEnd() const { return rest_.empty(); }

 private:
  void raw(void* to, size_t size) {
    if (rest_.size() < size) corrupt("it is truncated");
    if (size > 0) std::memcpy(to, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  std::span<const uint8_t> rest_;
};

template <class File>
void archive(File& file, HybridPredictor::Trained& trained, HybridPredictor::Lengths& lengths, TraitPredictor& quality,
             TraitPredictor& tokens) {
  trained.features.archive(file);
  trained.forest.archive(file);
  quality.archive(file, trained.features.size());
  tokens.archive(file, trained.features.size());
  file.array(lengths.smear, quality.traits.models);
  file.array(lengths.deviation, quality.traits.models);
  file.real(trained.neighbourShare);
}

bool fits(const TraitPredictor& kind, size_t models) {
  return kind.traits.models == models && kind.response.models == models && kind.response.traits == kind.traits.traits &&
         kind.forestScale > 0;
}

}  // namespace

std::vector<uint8_t> HybridPredictor::toBytes() const {
  Writer file;
  file.raw(kMagic, sizeof kMagic);
  file.raw(&kFormatVersion, sizeof kFormatVersion);
  // archive() serves reading too, so that it cannot take what is const; nothing is changed by writing.
  archive(file, const_cast<Trained&>(*trained_), const_cast<Lengths&>(lengths_), const_cast<TraitPredictor&>(quality_),
          const_cast<TraitPredictor&>(tokens_));
  file.word(hashBytes(file.bytes.data(), file.bytes.size()));
  return std::move(file.bytes);
}

HybridPredictor HybridPredictor::fromBytes(std::span<const uint8_t> bytes) {
  if (bytes.size() < kStart + sizeof(uint64_t) || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    corrupt("it begins otherwise");
  uint32_t version = 0;
  std::memcpy(&version, bytes.data() + sizeof kMagic, sizeof version);
  if (version != kFormatVersion)
    throw Error("ERR_OMNI_VERSION", "bytes",
                "a predictor of format version " + std::to_string(version) + "; this release reads version " +
                    std::to_string(kFormatVersion));
  const size_t body = bytes.size() - sizeof(uint64_t);
  uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + body, sizeof checksum);
  if (checksum != hashBytes(bytes.data(), body)) corrupt("its checksum does not match, so it was altered or damaged");

  // A matching checksum does not prove who wrote it: every size and reference is held against the others.
  auto trained = std::make_shared<Trained>();
  HybridPredictor predictor;
  Reader reader(bytes.subspan(kStart, body - kStart));
  archive(reader, *trained, predictor.lengths_, predictor.quality_, predictor.tokens_);
  if (!reader.atEnd()) corrupt("it is followed by something else");
  const size_t models = predictor.quality_.traits.models;
  const size_t targets = predictor.quality_.traits.traits + predictor.tokens_.traits.traits;
  if (models == 0 || trained->features.dimension() == 0 || trained->features.axes() > kMaxAxes ||
      !fits(predictor.quality_, models) || !fits(predictor.tokens_, models))
    corrupt("its parts do not fit together");
  if (trained->forest.targets() != targets || (targets > 0 && !trained->forest.valid()))
    corrupt("its forest is broken");
  if (targets > 0 && trained->forest.columns() != forestColumns(trained->features))
    corrupt("its forest is of other features");
  predictor.trained_ = std::move(trained);
  return predictor;
}

}  // namespace omnirouter::prediction
