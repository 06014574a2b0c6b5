// Included once per instruction set, inside an anonymous namespace: no standard templates, so that no function compiled
// for a newer CPU can be shared with the rest of the program. Written for the compiler's vectoriser: every inner loop
// runs over models, without branches.

constexpr size_t kLanes = 8;
constexpr size_t kPadded = 64;

void leastReducedRows(const RowBlock& block, double* least, uint8_t* which) {
  const size_t models = block.models, padded = (models + kLanes - 1) / kLanes * kLanes;
  const double infinity = __builtin_inf();
  double r[kPadded], keep[kPadded];
  for (size_t j = 0; j < padded; ++j) r[j] = infinity;
  for (size_t i = 0; i < block.rows; ++i) {
    for (size_t j = 0; j < models; ++j) r[j] = block.base[j];
    for (size_t k = 0; k < block.quantities; ++k) {
      const double* weight = block.weights[k];
      const float* q = block.values[k] + i * models;
      for (size_t j = 0; j < models; ++j) r[j] = r[j] + weight[j] * static_cast<double>(q[j]);
    }
    if (block.allowed != nullptr) {
      const uint64_t mask = block.allowed[i];
      for (size_t j = 0; j < models; ++j) keep[j] = (mask >> j & 1) != 0 ? r[j] : infinity;
      for (size_t j = 0; j < models; ++j) r[j] = keep[j];
    }
    double lane[kLanes];
    for (size_t v = 0; v < kLanes; ++v) lane[v] = r[v];
    for (size_t j = kLanes; j < padded; j += kLanes)
      for (size_t v = 0; v < kLanes; ++v) lane[v] = r[j + v] < lane[v] ? r[j + v] : lane[v];
    double best = lane[0];
    for (size_t v = 1; v < kLanes; ++v) best = lane[v] < best ? lane[v] : best;
    size_t winner = 0;
    while (winner + 1 < models && r[winner] != best) ++winner;
    least[i] = best;
    which[i] = static_cast<uint8_t>(winner);
  }
}
