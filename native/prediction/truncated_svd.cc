#include "prediction/truncated_svd.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "compute/pool.h"
#include "prediction/hash.h"
#include "prediction/row_sum.h"

namespace omnirouter::prediction {

namespace {

using compute::CancelFlag;
using compute::Pool;

// More columns than wanted make the wanted ones accurate (Halko et al., section 4.2).
constexpr size_t kOversampling = 16;
// Each one squares away what lies beyond the wanted subspace; the text matrices' spectra decay slowly.
constexpr int kPowerIterations = 2;
// Directions whose squared singular value is below this share of the largest are rounding of single precision.
constexpr double kRankTolerance = 1e-11;

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = Eigen::Map<RowMajor>;

// A tall matrix, row-major.
struct Dense {
  size_t rows, columns;
  std::vector<float> values;
  Dense(size_t r, size_t c) : rows(r), columns(c), values(r * c, 0.0f) {}
};

// Borders of the chunks depend on the number of rows alone.
template <class Body>
void forEachRowBlock(size_t rows, size_t blockRows, const CancelFlag& cancel, Body&& body) {
  Pool::shared().forEachChunk((rows + blockRows - 1) / blockRows, [&](size_t block) {
    cancel.throwIfRaised();
    body(block, block * blockRows, std::min(rows, (block + 1) * blockRows));
  });
}

Dense gaussian(size_t rows, size_t columns, uint64_t seed) {
  Dense result(rows, columns);
  // A counter-based generator (Box-Muller on SplitMix64), because std::normal_distribution differs between libraries.
  auto draw = [state = mix64(seed)]() mutable { return (static_cast<double>(mix64(state++) >> 11) + 0.5) * 0x1p-53; };
  for (float& value : result.values) {
    const double radius = std::sqrt(-2.0 * std::log(draw()));
    value = static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * draw()));
  }
  return result;
}

// sparse * dense
Dense multiply(const SparseMatrix& sparse, const Dense& dense, const CancelFlag& cancel) {
  Dense result(sparse.rows(), dense.columns);
  forEachRowBlock(sparse.rows(), 64, cancel, [&](size_t, size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const size_t first = sparse.begin[row];
      addWeightedRows(dense.values.data(), dense.columns, sparse.column.data() + first, sparse.value.data() + first,
                      sparse.begin[row + 1] - first, result.values.data() + row * dense.columns);
    }
  });
  return result;
}

// dense' * dense, in double precision.
Eigen::MatrixXd gram(Dense& dense, const CancelFlag& cancel) {
  const auto columns = static_cast<Eigen::Index>(dense.columns);
  const size_t blockRows = std::max<size_t>(256, (dense.rows + 31) / 32);
  std::vector<Eigen::MatrixXd> parts((dense.rows + blockRows - 1) / blockRows);
  forEachRowBlock(dense.rows, blockRows, cancel, [&](size_t block, size_t begin, size_t end) {
    Eigen::MatrixXd part = Eigen::MatrixXd::Zero(columns, columns);
    for (size_t at = begin; at < end; at += 128) {
      const Rows slab(dense.values.data() + at * dense.columns,
                      static_cast<Eigen::Index>(std::min<size_t>(128, end - at)), columns);
      const Eigen::MatrixXd wide = slab.cast<double>();
      part.selfadjointView<Eigen::Lower>().rankUpdate(wide.transpose());
    }
    parts[block] = std::move(part);
  });
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(columns, columns);
  for (const Eigen::MatrixXd& part : parts) sum += part;
  return sum;
}

// Eigenpairs of dense' * dense above the tolerance, largest first.
struct Spectrum {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};
Spectrum spectrum(Dense& dense, const CancelFlag& cancel) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram(dense, cancel));
  const Eigen::VectorXd& ascending = solver.eigenvalues();
  const Eigen::Index size = ascending.size();
  Eigen::Index rank = 0;
  while (rank < size && ascending[size - 1 - rank] > kRankTolerance * ascending[size - 1]) ++rank;
  return {ascending.tail(rank).reverse(), solver.eigenvectors().rightCols(rank).rowwise().reverse()};
}

// dense * (vectors with column c divided by the square root of values[c])
Dense timesScaled(Dense& dense, const Spectrum& basis, size_t rank, const CancelFlag& cancel) {
  const auto kept = static_cast<Eigen::Index>(rank);
  const RowMajor right =
      (basis.vectors.leftCols(kept) * basis.values.head(kept).cwiseSqrt().cwiseInverse().asDiagonal()).cast<float>();
  Dense result(dense.rows, rank);
  forEachRowBlock(dense.rows, 256, cancel, [&](size_t, size_t begin, size_t end) {
    const auto count = static_cast<Eigen::Index>(end - begin);
    const Rows from(dense.values.data() + begin * dense.columns, count, static_cast<Eigen::Index>(dense.columns));
    Rows(result.values.data() + begin * rank, count, kept).noalias() = from * right;
  });
  return result;
}

}  // namespace

TruncatedSvd truncatedSvd(const SparseMatrix& matrix, size_t wanted, uint64_t seed, const CancelFlag& cancel) {
  TruncatedSvd result;
  if (matrix.value.empty() || wanted == 0) return result;
  const SparseMatrix transposed = matrix.transposed();
  const size_t subspace = std::min({wanted + kOversampling, matrix.rows(), matrix.columns});
  // Q spans ever better the leading left singular vectors; the last product turns it into right ones.
  Dense q = gaussian(matrix.rows(), subspace, seed);
  for (int iteration = 0; iteration < kPowerIterations; ++iteration) {
    Dense y = multiply(matrix, multiply(transposed, q, cancel), cancel);
    const Spectrum basis = spectrum(y, cancel);
    if (basis.values.size() == 0) return result;
    q = timesScaled(y, basis, static_cast<size_t>(basis.values.size()), cancel);
  }
  Dense z = multiply(transposed, q, cancel);  // = V S W'
  const Spectrum basis = spectrum(z, cancel);
  result.rank = std::min(wanted, static_cast<size_t>(basis.values.size()));
  result.vectors = timesScaled(z, basis, result.rank, cancel).values;
  for (size_t i = 0; i < result.rank; ++i)
    result.singularValues.push_back(std::sqrt(basis.values[static_cast<Eigen::Index>(i)]));
  return result;
}

}  // namespace omnirouter::prediction
