#include "prediction/truncated_svd.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <random>

#include "compute/pool.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

static SparseMatrix sparse(const Eigen::MatrixXf& dense) {
  SparseMatrix result;
  result.columns = static_cast<size_t>(dense.cols());
  for (Eigen::Index row = 0; row < dense.rows(); ++row) {
    for (Eigen::Index column = 0; column < dense.cols(); ++column) {
      if (dense(row, column) == 0) continue;
      result.column.push_back(static_cast<uint32_t>(column));
      result.value.push_back(dense(row, column));
    }
    result.begin.push_back(result.column.size());
  }
  return result;
}

static Eigen::MatrixXf randomMatrix(int rows, int columns, int rank, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto fill = [&](int r, int c) {
    Eigen::MatrixXf m(r, c);
    for (float& x : m.reshaped()) x = normal(random);
    return m;
  };
  Eigen::MatrixXf left = fill(rows, rank), right = fill(rank, columns);
  for (int i = 0; i < rank; ++i) right.row(i) *= std::pow(0.7f, static_cast<float>(i));
  return left * right;
}

static Eigen::Map<Eigen::Matrix<float, -1, -1, Eigen::RowMajor>> vectorsOf(TruncatedSvd& svd) {
  return {svd.vectors.data(), static_cast<Eigen::Index>(svd.vectors.size() / svd.rank),
          static_cast<Eigen::Index>(svd.rank)};
}

TEST_CASE("singular values and right vectors agree with a dense decomposition") {
  const Eigen::MatrixXf dense = randomMatrix(60, 90, 20, 1);
  TruncatedSvd svd = truncatedSvd(sparse(dense), 8, 0, compute::CancelFlag());
  const Eigen::JacobiSVD<Eigen::MatrixXf> reference(dense, Eigen::ComputeThinV);
  REQUIRE(svd.rank == 8);
  const auto vectors = vectorsOf(svd);
  for (Eigen::Index i = 0; i < 8; ++i) {
    CHECK(svd.singularValues[static_cast<size_t>(i)] == doctest::Approx(reference.singularValues()[i]).epsilon(1e-4));
    CHECK(std::abs(vectors.col(i).dot(reference.matrixV().col(i))) == doctest::Approx(1).epsilon(1e-3));
  }
  CHECK((vectors.transpose() * vectors - Eigen::MatrixXf::Identity(8, 8)).norm() < 1e-4);
}

TEST_CASE("the rank found is the matrix's where fewer directions exist than wanted") {
  for (const int rank : {1, 3}) {
    TruncatedSvd svd = truncatedSvd(sparse(randomMatrix(40, 30, rank, 2)), 16, 5, compute::CancelFlag());
    CHECK(svd.rank == static_cast<size_t>(rank));
  }
  CHECK(truncatedSvd(sparse(Eigen::MatrixXf::Ones(500, 7)), 16, 0, compute::CancelFlag()).rank == 1);
  CHECK(truncatedSvd(sparse(Eigen::MatrixXf::Ones(1, 7)), 16, 0, compute::CancelFlag()).rank == 1);
}

TEST_CASE("a matrix without entries has rank 0") {
  CHECK(truncatedSvd(sparse(Eigen::MatrixXf::Zero(5, 5)), 4, 0, compute::CancelFlag()).rank == 0);
  CHECK(truncatedSvd(SparseMatrix(), 4, 0, compute::CancelFlag()).rank == 0);
}

TEST_CASE("the result is bit-identical for any number of threads, and decided by the seed") {
  const SparseMatrix matrix = sparse(randomMatrix(700, 900, 50, 3));
  compute::Pool::shared().setThreads(1);
  const TruncatedSvd alone = truncatedSvd(matrix, 20, 11, compute::CancelFlag());
  compute::Pool::shared().setThreads(3);
  const TruncatedSvd together = truncatedSvd(matrix, 20, 11, compute::CancelFlag());
  CHECK(alone.vectors == together.vectors);
  CHECK(alone.singularValues == together.singularValues);
  CHECK(truncatedSvd(matrix, 20, 12, compute::CancelFlag()).vectors != alone.vectors);
}

TEST_CASE("a raised flag stops it") {
  compute::CancelFlag cancel;
  cancel.raise();
  CHECK_THROWS_AS(truncatedSvd(sparse(randomMatrix(60, 90, 20, 1)), 8, 0, cancel), Cancelled);
}
