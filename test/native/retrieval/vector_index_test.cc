#include "retrieval/vector_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "compute/pool.h"
#include "embeddings.h"
#include "errors.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;

namespace {

const compute::CancelFlag kNever;

std::vector<Neighbour> search(const VectorIndex& index, std::span<const float> queries, size_t k) {
  std::vector<Neighbour> out(queries.size() / index.dimension() * k);
  index.search(queries, k, kNever, out);
  return out;
}

bool same(const std::vector<Neighbour>& a, const std::vector<Neighbour>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto& x, auto& y) { return x.id == y.id && x.similarity == y.similarity; });
}

double recall(const std::vector<Neighbour>& exact, const std::vector<Neighbour>& found, size_t k) {
  size_t hits = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const auto row = found.begin() + static_cast<ptrdiff_t>(i / k * k);
    hits += std::any_of(row, row + static_cast<ptrdiff_t>(k), [&](auto& n) { return n.id == exact[i].id; });
  }
  return static_cast<double>(hits) / static_cast<double>(exact.size());
}

std::string refusal(const auto& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.argument() + ": " + error.what();
  }
  return "accepted";
}

std::span<const float> part(const std::vector<float>& x, size_t d, size_t first, size_t count) {
  return std::span(x).subspan(first * d, count * d);
}

}  // namespace

TEST_CASE("the graph finds nearly all of the exact neighbours on embedding-like vectors") {
  const size_t d = 48, n = 6'000;
  const auto vectors = embeddings(n, d, 1), queries = embeddings(200, d, 2);
  const auto flat = VectorIndex::create(d, Kind::flat), graph = VectorIndex::create(d, Kind::hnsw);
  flat->add(vectors, {}, kNever);
  graph->add(vectors, {}, kNever);
  graph->settle(kNever);
  REQUIRE(graph->hasGraph());
  CHECK_FALSE(flat->hasGraph());
  for (const size_t k : {1, 10, 100}) {
    const double share = recall(search(*flat, queries, k), search(*graph, queries, k), k);
    INFO("k ", k, " recall ", share);
    CHECK(share > 0.97);
  }
}

TEST_CASE("the same rows give the same graph, however they arrive and however many threads there are") {
  const size_t d = 16, n = 4'000;
  const auto vectors = embeddings(n, d, 3), queries = embeddings(64, d, 4);
  std::vector<std::vector<Neighbour>> answers;
  std::vector<std::vector<uint8_t>> files;
  for (const size_t threads : {1, 4})
    for (const size_t batch : {size_t{n}, size_t{700}}) {
      compute::Pool::shared().setThreads(threads);
      const auto index = VectorIndex::create(d, Kind::hnsw);
      for (size_t first = 0; first < n; first += batch)
        index->add(part(vectors, d, first, std::min(batch, n - first)), {}, kNever);
      index->settle(kNever);
      answers.push_back(search(*index, queries, 10));
      MemorySink sink;
      index->write(sink, kNever);
      files.push_back(sink.take());
    }
  for (const auto& answer : answers) CHECK(same(answer, answers[0]));
  for (const auto& file : files) CHECK(file == files[0]);
}

TEST_CASE("every row is found at once, before, while and after the graph is built") {
  const size_t d = 16, n = 5'000, batch = 500;
  const auto vectors = embeddings(n, d, 5);
  const auto index = VectorIndex::create(d, Kind::hnsw);
  for (size_t first = 0; first < n; first += batch) {
    index->add(part(vectors, d, first, batch), {}, kNever);
    const auto found = search(*index, part(vectors, d, first, batch), 1);
    size_t itself = 0;
    for (size_t i = 0; i < batch; ++i) itself += found[i].id == static_cast<int32_t>(first + i);
    CHECK(itself >= batch - 5);  // the graph is approximate
  }
  CHECK(index->size() == n);
}

TEST_CASE("an index chooses by its size") {
  const auto index = VectorIndex::create(2, Kind::automatic);
  index->add(std::vector<float>(2 * 10'000, 0.5f), {}, kNever);
  index->settle(kNever);
  CHECK_FALSE(index->hasGraph());
}

TEST_CASE("searching, adding, saving and building at once are safe, and a search sees one state") {
  compute::Pool::shared().setThreads(4);
  const size_t d = 8, n = 6'000;
  const auto vectors = embeddings(n, d, 6), queries = embeddings(10, d, 7);
  const auto index = VectorIndex::create(d, Kind::hnsw);
  std::atomic<bool> done{false};
  std::atomic<size_t> searches{0}, strange{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t)
    readers.emplace_back([&] {
      while (!done) {
        const size_t before = index->size();
        const auto found = search(*index, queries, 20);
        const size_t after = index->size();
        size_t highest = 0, lowest = 20;
        for (size_t q = 0; q < 10; ++q) {
          size_t held = 0;
          for (size_t i = 0; i < 20; ++i) {
            const int32_t id = found[q * 20 + i].id;
            held += id >= 0;
            if (id >= static_cast<int32_t>(after)) ++strange;
          }
          highest = std::max(highest, held);
          lowest = std::min(lowest, held);
        }
        if (highest != lowest || lowest < std::min<size_t>(20, before)) ++strange;
        ++searches;
      }
    });
  std::thread saver([&] {
    while (!done) {
      MemorySink sink;
      index->write(sink, kNever);
      const auto bytes = sink.take();
      MemorySource source(bytes);
      if (VectorIndex::read(source, Kind::automatic)->size() > index->size()) ++strange;
    }
  });
  for (size_t first = 0; first < n; first += 3) index->add(part(vectors, d, first, 3), {}, kNever);
  index->settle(kNever);
  while (searches < 10) std::this_thread::yield();
  done = true;
  for (auto& reader : readers) reader.join();
  saver.join();
  CHECK(strange == 0);
  CHECK(index->size() == n);
  CHECK(index->hasGraph());
}

TEST_CASE("thousands of equal vectors do not cost the graph an answer") {
  const size_t d = 4, n = 5'000;
  const auto index = VectorIndex::create(d, Kind::hnsw);
  std::vector<float> vectors(n * d, 0.0f);
  for (size_t i = 0; i < n; ++i) vectors[i * d + i % 2] = 1.0f;
  index->add(vectors, {}, kNever);
  index->settle(kNever);
  REQUIRE(index->hasGraph());
  const std::vector<float> queries = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (const Neighbour& n : search(*index, queries, 30)) CHECK(n.id >= 0);
}

TEST_CASE("fewer rows than k are padded, an empty index answers with padding alone") {
  const auto index = VectorIndex::create(2, Kind::automatic);
  for (const Neighbour& n : search(*index, std::vector<float>{1, 0}, 3)) CHECK(n.id == -1);
  index->add(std::vector<float>{0, 1, 1, 0}, std::vector<int32_t>{7, 3}, kNever);
  const auto found = search(*index, std::vector<float>{1, 0.5f, 0, 0}, 3);
  const std::vector<int32_t> expected = {3, 7, -1, 3, 7, -1};
  for (size_t i = 0; i < 6; ++i) CHECK(found[i].id == expected[i]);
  CHECK(found[2].similarity == -std::numeric_limits<float>::infinity());
}

TEST_CASE("bad arguments are refused by name and change nothing") {
  CHECK(refusal([] { VectorIndex::create(0, Kind::flat); }).starts_with("dimension:"));
  CHECK(refusal([] { VectorIndex::create(kMostDimensions + 1, Kind::flat); }).starts_with("dimension:"));
  const auto index = VectorIndex::create(2, Kind::automatic);
  index->add(std::vector<float>{1, 0, 0, 1}, {}, kNever);
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto adding = [&](std::vector<float> vectors, std::vector<int32_t> ids) {
    return refusal([&] { index->add(vectors, ids, kNever); });
  };
  CHECK(adding({1, 2, 3}, {}).starts_with("vectors:"));
  CHECK(adding({1, 0, nan, 0}, {}).find("row 1 holds NaN") != std::string::npos);
  CHECK(adding({1, -inf}, {}).find("row 0") != std::string::npos);
  CHECK(adding({3e38f, 0}, {}).find("row 0 is longer") != std::string::npos);
  CHECK(adding({1, 0}, {5, 6}).starts_with("ids:"));
  CHECK(adding({1, 0}, {-1}).starts_with("ids[0]:"));
  CHECK(adding({1, 0, 0, 1}, {9, 9}).starts_with("ids[1]:"));
  CHECK(adding({1, 0}, {1}).find("in the index already") != std::string::npos);
  CHECK(index->size() == 2);
  index->add(std::vector<float>{1, 1}, std::vector<int32_t>{100}, kNever);
  CHECK(adding({1, 0}, {100}).starts_with("ids[0]:"));
  CHECK(adding({1, 0}, {0}).starts_with("ids[0]:"));
  index->add(std::vector<float>{2, 2}, {}, kNever);  // numbered on
  CHECK(search(*index, std::vector<float>{1, 1}, 1)[0].id == 101);
  index->add(std::vector<float>{3, 3}, std::vector<int32_t>{std::numeric_limits<int32_t>::max()}, kNever);
  CHECK(adding({1, 0}, {}).starts_with("ids:"));
  CHECK(index->size() == 5);
  CHECK(refusal([&] { search(*index, std::vector<float>{1, 2, 3, nan}, 1); }).starts_with("queries:"));
}

TEST_CASE("building stops when it is told to, and can be taken up again") {
  const auto index = VectorIndex::create(8, Kind::hnsw);
  index->add(embeddings(3'000, 8, 8), {}, kNever);
  compute::CancelFlag cancel;
  cancel.raise();
  try {
    index->settle(cancel);
  } catch (const Cancelled&) {
  }
  index->settle(kNever);
  CHECK(index->hasGraph());
}

TEST_CASE("a search among the first rows finds what it found before there were more") {
  const size_t d = 24;
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto vectors = embeddings(3'000, d, 21), queries = embeddings(20, d, 22);
    const auto then = VectorIndex::create(d, kind), now = VectorIndex::create(d, kind);
    then->add(part(vectors, d, 0, 1'000), {}, kNever);
    now->add(part(vectors, d, 0, 1'000), {}, kNever);
    now->settle(kNever);
    now->add(part(vectors, d, 1'000, 10), {}, kNever);  // too few for the graph to follow
    then->settle(kNever);
    std::vector<Neighbour> among(20 * 30);
    now->search(queries, 30, kNever, among, 1'000);
    CHECK(same(among, search(*then, queries, 30)));
    now->add(part(vectors, d, 1'010, 1'990), {}, kNever);
    now->settle(kNever);  // a graph over more than the first thousand
    now->search(queries, 30, kNever, among, 1'000);
    const auto exact = VectorIndex::create(d, Kind::flat);
    exact->add(part(vectors, d, 0, 1'000), {}, kNever);
    CHECK(same(among, search(*exact, queries, 30)));
    now->search(queries, 30, kNever, among, 10);  // fewer than are asked for
    CHECK(among[9].id >= 0);
    CHECK(among[10].id == -1);
    now->search(queries, 30, kNever, among, 0);
    CHECK(among[0].id == -1);
  }
}
