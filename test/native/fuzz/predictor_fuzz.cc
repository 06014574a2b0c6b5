// HybridPredictor::fromBytes on any bytes: an error, or a predictor that is safe to ask, to teach and to save.
#include <cmath>
#include <string>
#include <vector>

#include "errors.h"
#include "native/fuzz/saved.h"
#include "prediction/hybrid.h"

using namespace omnirouter;
using namespace omnirouter::prediction;
using namespace omnirouter::test;

namespace {

constexpr size_t kModels = 3, kDimension = 2;

// Queries whose embeddings, outcomes and neighbours are made from their number.
struct Queries {
  Texts texts;
  std::vector<float> embeddings, quality, tokens;

  Queries(size_t rows, size_t models, size_t dimension) {
    const auto wave = [](size_t n) { return std::sin(static_cast<float>(n)); };
    for (size_t i = 0; i < rows; ++i) {
      texts.append(std::string(1 + i % 5, "ab1 ?"[i % 5]));
      for (size_t d = 0; d < dimension; ++d) embeddings.push_back(wave(i * dimension + d));
      for (size_t j = 0; j < models; ++j) {
        quality.push_back(0.5f + 0.5f * wave(3 * i + j));
        tokens.push_back(20.0f * static_cast<float>(1 + (i + j) % 7));
      }
    }
  }
  HybridBatch batch() const { return {texts, embeddings, quality, tokens}; }
};

struct Predicted {
  std::vector<float> quality, tokens, median, tokensDeviation, qualityDeviation;

  explicit Predicted(size_t size)
      : quality(size), tokens(size), median(size), tokensDeviation(size), qualityDeviation(size) {}
  HybridEstimates out() {
    return {quality.data(), tokens.data(), median.data(), tokensDeviation.data(), qualityDeviation.data()};
  }
};

std::vector<uint8_t> fitted() {
  const Queries history(40, kModels, kDimension);
  Predicted outOfFold(40 * kModels);
  return HybridPredictor::fit(history.batch(), kDimension, history.quality, history.tokens, kModels, 1, outOfFold.out(),
                              kNever)
      .toBytes();
}

void ask(const HybridPredictor& predictor, std::span<const uint8_t> text) {
  Queries queries(2, predictor.models(), predictor.dimension());
  queries.texts.append(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
  queries.embeddings.resize(3 * predictor.dimension(), 0.25f);
  queries.quality.resize(3 * predictor.models(), 0.5f);
  queries.tokens.resize(3 * predictor.models(), 50.0f);
  Predicted predicted(queries.quality.size());
  predictor.predict(queries.batch(), predicted.out(), kNever);
  const HybridPredictor taught = predictor.learned(queries.batch(), queries.quality, queries.tokens, kNever);
  taught.predict(queries.batch(), predicted.out(), kNever);
}

void use(Input& in, const HybridPredictor& predictor) {
  const auto models = static_cast<int32_t>(predictor.models());
  std::vector<int32_t> from;
  for (size_t count = in.below(5); count > 0; --count)
    from.push_back(static_cast<int32_t>(in.below(static_cast<size_t>(models) + 3)) - 2);
  std::vector<double> levels = predictor.levels();
  if (!in.oneIn(3)) levels[in.below(levels.size())] = in.raw();
  ask(predictor, in.rest());
  const std::vector<uint8_t> saved = predictor.toBytes();
  require(HybridPredictor::fromBytes(saved).toBytes() == saved, "a predictor that was read does not survive saving");
  // What a log may hold, or a pool have become, by then: refused, or as safe as before.
  try {
    ask(predictor.withLevels(levels), in.rest());
    ask(predictor.withModels(from), in.rest());
  } catch (const InvalidArgument&) {
  }
}

}  // namespace

void omnirouter::test::fuzz(Input& in) {
  static const std::vector<uint8_t> good = fitted();
  trySaved(in, good, [&](const std::vector<uint8_t>& bytes) {
    const HybridPredictor predictor = HybridPredictor::fromBytes(bytes);
    // The embedder's, as the addon requires: nothing in the file needs to be as long as it says.
    if (predictor.dimension() == kDimension) use(in, predictor);
  });
}
