#include "prediction/hybrid.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "compute/pool.h"
#include "errors.h"
#include "native/prediction/planted.h"
#include "prediction/hash.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

struct Matrices {
  std::vector<float> quality, outputTokens, median, tokensDeviation, qualityDeviation;
  explicit Matrices(size_t size)
      : quality(size), outputTokens(size), median(size), tokensDeviation(size), qualityDeviation(size) {}
  HybridEstimates out() {
    return {quality.data(), outputTokens.data(), median.data(), tokensDeviation.data(), qualityDeviation.data()};
  }
};

// Neighbours that know nothing: every model's mean, so that the trained half has to find the trait.
struct Fixture {
  Planted planted;
  Texts texts;
  std::vector<float> quality, tokens;

  Fixture(size_t rows, size_t models, unsigned seed) : planted(rows, models, seed) {
    std::mt19937 random(seed + 100);
    std::normal_distribution<float> normal(0, 0.05f);
    for (size_t row = 0; row < rows; ++row) {
      texts.append(std::string(1 + row % 7, 'x'));
      // A noisy neighbour estimate of the trait, as a search would give.
      const float noisy = 0.1f * planted.trait[row] + normal(random);
      for (size_t j = 0; j < models; ++j) {
        quality.push_back(std::clamp(0.5f + noisy, 0.0f, 1.0f));
        tokens.push_back(80);
      }
    }
  }
  HybridBatch batch() const { return {texts, planted.embeddings, quality, tokens}; }
  HybridPredictor fit(Matrices& outOfFold, uint64_t seed = 0) const {
    return HybridPredictor::fit(batch(), planted.dimension, planted.quality, planted.tokens, planted.models, seed,
                                outOfFold.out(), compute::CancelFlag());
  }
};

static double meanSquare(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * static_cast<double>(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST_CASE("a planted trait is found, and what is said is calibrated, out of fold and on new queries") {
  const Fixture history(1500, 5, 1), fresh(600, 5, 2);
  Matrices outOfFold(7500), predicted(3000);
  const HybridPredictor predictor = history.fit(outOfFold);
  predictor.predict(fresh.batch(), predicted.out(), compute::CancelFlag());
  const double left = meanSquare(outOfFold.quality, history.planted.truth);
  CHECK(left < 0.01);  // of a variance of the truth of 0.07
  CHECK(meanSquare(predicted.quality, fresh.planted.truth) < 1.25 * left);
  for (size_t j = 0; j < 5; ++j) {
    double expected = 0, actual = 0;
    for (size_t row = 0; row < 1500; ++row) {
      expected += outOfFold.quality[row * 5 + j] / 1500;
      actual += history.planted.quality[row * 5 + j] / 1500;
    }
    CHECK(expected == doctest::Approx(actual).epsilon(0.02));
  }
  CHECK(*std::min_element(predicted.outputTokens.begin(), predicted.outputTokens.end()) > 0);
  double expected = std::accumulate(predicted.outputTokens.begin(), predicted.outputTokens.end(), 0.0);
  double actual = std::accumulate(fresh.planted.tokens.begin(), fresh.planted.tokens.end(), 0.0);
  CHECK(expected == doctest::Approx(actual).epsilon(0.05));
}

TEST_CASE("shuffled outcomes are predicted as their means") {
  Fixture history(1000, 4, 3);
  std::mt19937 random(1);
  std::vector<size_t> order(1000);
  std::iota(order.begin(), order.end(), size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  const std::vector<float> quality = history.planted.quality;
  for (size_t row = 0; row < 1000; ++row)
    std::copy_n(quality.begin() + static_cast<std::ptrdiff_t>(order[row] * 4), 4,
                history.planted.quality.begin() + static_cast<std::ptrdiff_t>(row * 4));
  Matrices outOfFold(4000);
  history.fit(outOfFold);
  double against = 0, constant = 0;
  for (size_t j = 0; j < 4; ++j) {
    double mean = 0;
    for (size_t row = 0; row < 1000; ++row) mean += history.planted.quality[row * 4 + j] / 1000;
    for (size_t row = 0; row < 1000; ++row) {
      const double outcome = history.planted.quality[row * 4 + j];
      against += (outOfFold.quality[row * 4 + j] - outcome) * (outOfFold.quality[row * 4 + j] - outcome);
      constant += (mean - outcome) * (mean - outcome);
    }
  }
  CHECK(against > 0.99 * constant);
  CHECK(against < 1.02 * constant);
}

TEST_CASE("one outcome per query is enough, none of a model is borne, and none at all is the pool's") {
  Fixture history(2000, 4, 4);
  for (size_t row = 0; row < 2000; ++row)
    for (size_t j = 0; j < 4; ++j)
      if (j != row % 3) history.planted.quality[row * 4 + j] = history.planted.tokens[row * 4 + j] = std::nanf("");
  Matrices outOfFold(8000);
  const HybridPredictor predictor = history.fit(outOfFold);
  double error = 0, doubt = 0, known = 0;
  for (size_t row = 0; row < 2000; ++row) {
    const double miss = outOfFold.quality[row * 4] - history.planted.truth[row * 4];
    error += miss * miss / 2000;
    doubt += outOfFold.qualityDeviation[row * 4 + 3] / 2000;
    known += outOfFold.qualityDeviation[row * 4] / 2000;
  }
  CHECK(error < 0.025);
  CHECK(doubt > 3 * known);
  for (const float value : outOfFold.quality) CHECK(std::isfinite(value));

  std::fill(history.planted.quality.begin(), history.planted.quality.end(), std::nanf(""));
  history.planted.quality[0] = 1;
  CHECK_NOTHROW(history.fit(outOfFold));
  for (const float value : outOfFold.quality) CHECK(std::isfinite(value));
}

TEST_CASE("bit-identical for any number of threads, any batch, and after a save") {
  const Fixture history(400, 3, 5), fresh(70, 3, 6);
  Matrices one(1200), four(1200), together(210), loaded(210), single(3);
  compute::Pool::shared().setThreads(1);
  const HybridPredictor predictor = history.fit(one, 7);
  predictor.predict(fresh.batch(), together.out(), compute::CancelFlag());
  compute::Pool::shared().setThreads(4);
  const std::vector<uint8_t> bytes = history.fit(four, 7).toBytes();
  CHECK(one.quality == four.quality);
  CHECK(one.outputTokens == four.outputTokens);
  CHECK(bytes == predictor.toBytes());
  HybridPredictor::fromBytes(bytes).predict(fresh.batch(), loaded.out(), compute::CancelFlag());
  CHECK(loaded.quality == together.quality);
  CHECK(loaded.tokensDeviation == together.tokensDeviation);

  Texts text;
  text.append(fresh.texts[69]);
  predictor.predict({text, std::span(fresh.planted.embeddings).subspan(69 * 8), std::span(fresh.quality).subspan(207),
                     std::span(fresh.tokens).subspan(207)},
                    single.out(), compute::CancelFlag());
  CHECK(single.quality[2] == together.quality[209]);
}

TEST_CASE("levels are all that learning moves, and can be put back") {
  const Fixture history(300, 3, 9), fresh(40, 3, 10);
  Matrices outOfFold(900), expected(120), out(120);
  const HybridPredictor predictor = history.fit(outOfFold);
  const HybridPredictor learned =
      predictor.learned(fresh.batch(), fresh.planted.quality, fresh.planted.tokens, compute::CancelFlag());
  const std::vector<double> levels = learned.levels();
  CHECK(levels.size() == 3 * HybridPredictor::kLevels);
  CHECK(levels != predictor.levels());
  CHECK(predictor.withLevels(levels).toBytes() == learned.toBytes());
  CHECK(learned.withLevels(predictor.levels()).toBytes() == predictor.toBytes());
  CHECK_THROWS_AS(predictor.withLevels(std::span(levels).subspan(1)), InvalidArgument);
  for (const double bad : {std::nan(""), 0.0, -1.0}) {
    std::vector<double> broken = levels;
    broken[1] = bad;
    CHECK_THROWS_AS(predictor.withLevels(broken), InvalidArgument);
  }
}

TEST_CASE("another pool's models are predicted as before, new ones as the pool, forgotten ones not at all") {
  const Fixture history(800, 4, 11), fresh(50, 4, 12);
  Matrices outOfFold(3200), before(200), same(200), after(150);
  const HybridPredictor predictor = history.fit(outOfFold);
  predictor.predict(fresh.batch(), before.out(), compute::CancelFlag());
  const std::vector<int32_t> reversed{3, 2, 1, 0}, changed{-1, 3, 1};
  // The neighbours' estimates are the same for all models here, so that order does not matter to them.
  const HybridPredictor backward = predictor.withModels(reversed);
  backward.predict(fresh.batch(), same.out(), compute::CancelFlag());
  for (size_t at = 0; at < 200; ++at) {
    const size_t mirrored = at / 4 * 4 + 3 - at % 4;
    CHECK(same.quality[at] == doctest::Approx(before.quality[mirrored]).epsilon(1e-5));
    CHECK(same.outputTokens[at] == doctest::Approx(before.outputTokens[mirrored]).epsilon(1e-5));
  }
  CHECK(backward.withModels(reversed).toBytes() == predictor.toBytes());

  const HybridPredictor other = predictor.withModels(changed);
  std::vector<float> quality, tokens;
  for (size_t row = 0; row < 50; ++row) {
    for (size_t j = 0; j < 3; ++j) {
      quality.push_back(fresh.quality[row * 4 + j]);
      tokens.push_back(fresh.tokens[row * 4 + j]);
    }
  }
  const HybridBatch batch{fresh.texts, fresh.planted.embeddings, quality, tokens};
  other.predict(batch, after.out(), compute::CancelFlag());
  double newcomer = 0, pool = 0;
  for (size_t row = 0; row < 50; ++row) {
    CHECK(std::abs(after.quality[row * 3 + 1] - before.quality[row * 4 + 3]) < 0.1);
    CHECK(std::abs(after.quality[row * 3 + 2] - before.quality[row * 4 + 1]) < 0.1);
    CHECK(after.qualityDeviation[row * 3] > 3 * after.qualityDeviation[row * 3 + 2]);
    newcomer += after.quality[row * 3] / 50;
    for (size_t j = 0; j < 4; ++j) pool += before.quality[row * 4 + j] / 200;
  }
  CHECK(newcomer == doctest::Approx(pool).epsilon(0.1));
  CHECK(HybridPredictor::fromBytes(other.toBytes()).models() == 3);
  for (const std::vector<int32_t>& bad : {std::vector<int32_t>{}, {4}, {-2}})
    CHECK_THROWS_AS(predictor.withModels(bad), InvalidArgument);
}

TEST_CASE("damaged files are refused, whatever the damage, and with a checksum that fits") {
  const Fixture history(60, 3, 7);
  Matrices outOfFold(180);
  const std::vector<uint8_t> bytes = history.fit(outOfFold).toBytes();
  CHECK_THROWS_AS(HybridPredictor::fromBytes({}), Error);
  std::mt19937 random(1);
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<uint8_t> damaged = bytes;
    // Sizes lie at the front.
    const size_t at = 12 + random() % (trial % 2 == 0 ? 64 : damaged.size() - 20);
    damaged[at] ^= static_cast<uint8_t>(1 + random() % 255);
    if (trial % 5 == 0) damaged.resize(random() % damaged.size());
    if (damaged.size() > 20) {
      const uint64_t checksum = hashBytes(damaged.data(), damaged.size() - 8);
      std::memcpy(damaged.data() + damaged.size() - 8, &checksum, 8);
    }
    // A changed number may be as good as another; what is read must then be usable.
    try {
      const HybridPredictor read = HybridPredictor::fromBytes(damaged);
      if (read.models() != 3 || read.dimension() != 8) continue;
      Matrices out(180);
      read.predict(history.batch(), out.out(), compute::CancelFlag());
    } catch (const Error& error) {
      CHECK((error.code() == "ERR_OMNI_CORRUPT" || error.code() == "ERR_OMNI_VERSION"));
    }
  }
}

TEST_CASE("what is no number is refused") {
  Fixture history(50, 2, 8);
  Matrices out(100);
  history.planted.embeddings[3] = NAN;
  CHECK_THROWS_AS(history.fit(out), InvalidArgument);
  history.planted.embeddings[3] = 0;
  history.planted.quality[5] = 1.5f;
  CHECK_THROWS_AS(history.fit(out), InvalidArgument);
  history.planted.quality[5] = INFINITY;
  CHECK_THROWS_AS(history.fit(out), InvalidArgument);
  history.planted.quality[5] = 1;
  history.quality[0] = NAN;
  CHECK_THROWS_AS(history.fit(out), InvalidArgument);
}
