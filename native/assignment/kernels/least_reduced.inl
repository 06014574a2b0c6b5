// Included once per instruction set, inside an anonymous namespace: no standard templates, so that no function compiled
// for a newer CPU can be shared with the rest of the program. Written for the compiler's vectoriser: every inner loop
// runs over models, without branches; common numbers of models are known at compile time.

inline __attribute__((always_inline)) void leastReducedOf(const LeastReducedBlock& block, const size_t models,
                                                          double* least, uint8_t* which) {
  const double never = 1.7976931348623157e308;
  double r[64];
  for (size_t i = 0; i < block.rows; ++i) {
    const size_t group = block.groups != nullptr ? block.groups[i] : 0;
    const double* base = block.base + group * models;
    for (size_t j = 0; j < models; ++j) r[j] = base[j];
    for (size_t k = 0; k < block.quantities; ++k) {
      const double* weight = block.weight + (group * block.quantities + k) * models;
      const float* q = block.values[k] + i * models;
      for (size_t j = 0; j < models; ++j) r[j] = r[j] + weight[j] * static_cast<double>(q[j]);
    }
    if (block.allowed != nullptr) {
      const uint64_t mask = block.allowed[i];
      for (size_t j = 0; j < models; ++j) r[j] = (mask >> j & 1) != 0 ? r[j] : never;
    }
    double best = r[0];
    for (size_t j = 1; j < models; ++j) best = r[j] < best ? r[j] : best;
    size_t winner = 0;
    while (winner + 1 < models && r[winner] != best) ++winner;
    least[i] = best;
    which[i] = static_cast<uint8_t>(winner);
  }
}

void leastReducedRows(const LeastReducedBlock& block, double* least, uint8_t* which) {
  switch (block.models) {
    case 8:
      return leastReducedOf(block, 8, least, which);
    case 16:
      return leastReducedOf(block, 16, least, which);
    case 32:
      return leastReducedOf(block, 32, least, which);
    case 64:
      return leastReducedOf(block, 64, least, which);
    default:
      return leastReducedOf(block, block.models, least, which);
  }
}
