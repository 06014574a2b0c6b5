#include "retrieval/exact_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "compute/cpu.h"
#include "compute/pool.h"
#include "embeddings.h"
#include "errors.h"
#include "retrieval/inner_product.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;

namespace {

std::vector<Neighbour> bruteForce(const Rows& rows, RowRange range, const std::vector<float>& queries, size_t k) {
  const size_t d = rows.dimension();
  std::vector<Neighbour> out(queries.size() / d * k), all;
  for (size_t q = 0; q < queries.size() / d; ++q) {
    all.clear();
    for (size_t r = range.first; r < range.end; ++r)
      all.push_back({innerProduct(compute::Isa::scalar).one(&queries[q * d], rows.vector(r), d), rows.id(r)});
    std::sort(all.begin(), all.end(), nearer);
    std::copy_n(all.begin(), std::min(k, all.size()), out.begin() + static_cast<ptrdiff_t>(q * k));
  }
  return out;
}

bool identical(const std::vector<Neighbour>& a, const std::vector<Neighbour>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Neighbour& x, const Neighbour& y) {
    return x.id == y.id && std::bit_cast<uint32_t>(x.similarity) == std::bit_cast<uint32_t>(y.similarity);
  });
}

std::vector<Neighbour> search(const Rows& rows, RowRange range, const std::vector<float>& queries, size_t k) {
  std::vector<Neighbour> out(queries.size() / rows.dimension() * k);
  exactSearch(rows, range, queries, k, compute::CancelFlag(), out);
  return out;
}

}  // namespace

TEST_CASE("the exact search is brute force, bit for bit, for any batch, range and number of threads") {
  for (const size_t d : {3, 64}) {
    RowStore store(d);
    store.append(embeddings(20'000, d, 5), {}, compute::CancelFlag());
    const Rows& rows = store.rows();
    for (const size_t queries : {1, 3, 4, 70, 300}) {
      const auto q = embeddings(queries, d, 6);
      for (const RowRange range : {RowRange{0, 20'000}, RowRange{19'990, 20'000}, RowRange{5'000, 17'777}}) {
        const auto expected = bruteForce(rows, range, q, 20);
        for (const size_t threads : {1, 4}) {
          compute::Pool::shared().setThreads(threads);
          INFO("dimension ", d, " queries ", queries, " range ", range.first, " threads ", threads);
          CHECK(identical(search(rows, range, q, 20), expected));
        }
      }
    }
  }
}

TEST_CASE("a batch large enough not to split rows gives the same") {
  RowStore store(8);
  store.append(embeddings(9'000, 8, 5), {}, compute::CancelFlag());
  const auto q = embeddings(9'000, 8, 6);
  CHECK(identical(search(store.rows(), {0, 9'000}, q, 5), bruteForce(store.rows(), {0, 9'000}, q, 5)));
}

TEST_CASE("ties go to the lowest ids, however many there are and whatever order they came in") {
  std::mt19937 random(9);
  std::vector<float> vectors;
  std::vector<int32_t> ids(12'000);
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<int32_t>(i);
    const float x = i % 3 == 0 ? 1.0f : 0.0f;  // thousands of equal rows, and zero vectors
    vectors.insert(vectors.end(), {x, 0.0f, 0.0f, 0.0f});
  }
  std::shuffle(ids.begin(), ids.end(), random);
  RowStore store(4);
  store.append(vectors, ids, compute::CancelFlag());
  const std::vector<float> queries = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 1, 1, 1, 1};
  const RowRange all{0, ids.size()};
  CHECK(identical(search(store.rows(), all, queries, 50), bruteForce(store.rows(), all, queries, 50)));
}

TEST_CASE("rows that codes cannot tell apart are told apart") {
  constexpr size_t kDimension = 96, kRows = 6'000;
  std::mt19937 random(10);
  std::normal_distribution<float> normal;
  const auto centre = embeddings(1, kDimension, 7);
  RowStore store(kDimension);
  std::vector<float> vectors;
  for (size_t r = 0; r < kRows; ++r)
    for (size_t i = 0; i < kDimension; ++i) vectors.push_back(centre[i] + 1e-4f * normal(random));
  store.append(vectors, {}, compute::CancelFlag());
  const RowRange all{0, kRows};
  for (const float length : {1.0f, 1e-30f, 1e15f}) {
    std::vector<float> query = centre;
    for (float& x : query) x *= length;
    CHECK(identical(search(store.rows(), all, query, 100), bruteForce(store.rows(), all, query, 100)));
  }
}

TEST_CASE("every instruction set gives the same search") {
  RowStore store(70);
  store.append(embeddings(3'000, 70, 5), {}, compute::CancelFlag());
  for (const size_t queries : {1, 20}) {  // screened by codes, and not
    const auto q = embeddings(queries, 70, 6);
    const auto expected = bruteForce(store.rows(), {0, 3'000}, q, 10);
    for (const compute::Isa isa :
         {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
      if (!compute::supported(isa)) continue;
      compute::setIsa(isa);
      CHECK(identical(search(store.rows(), {0, 3'000}, q, 10), expected));
    }
    compute::setIsa(std::nullopt);
  }
}

TEST_CASE("a raised flag stops the search") {
  RowStore store(16);
  store.append(embeddings(5'000, 16, 5), {}, compute::CancelFlag());
  compute::CancelFlag cancel;
  cancel.raise();
  for (const size_t queries : {1, 40}) {
    std::vector<Neighbour> out(queries * 3);
    const auto q = embeddings(queries, 16, 6);
    CHECK_THROWS_AS(exactSearch(store.rows(), {0, 5'000}, q, 3, cancel, out), Cancelled);
  }
}
