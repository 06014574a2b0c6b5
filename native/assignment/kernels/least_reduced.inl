// Included once per instruction set, inside an anonymous namespace: no standard templates, so that no function compiled
// for a newer CPU can be shared with the rest of the program. Written for the compiler's vectoriser: every inner loop
// runs over models, without branches; common numbers of models are known at compile time.

constexpr size_t kLeastLanes = 8;

inline __attribute__((always_inline)) void leastReducedOf(const LeastReducedBlock& block, const size_t models,
                                                          double* least, uint8_t* which) {
  const double never = 1.7976931348623157e308;
  const size_t padded = (models + kLeastLanes - 1) / kLeastLanes * kLeastLanes;
  double r[64];
  for (size_t j = models; j < padded; ++j) r[j] = never;
  for (size_t i = 0; i < block.rows; ++i) {
    const size_t group = block.groups != nullptr ? block.groups[i] : 0;
    const double* base = block.base + group * models;
    for (size_t j = 0; j < models; ++j) r[j] = base[j];
    for (size_t k = 0; k < block.quantities; ++k) {
      const double* weight = block.weight + (group * block.quantities + k) * models;
      const float* q = block.values[k] + i * models;
      for (size_t j = 0; j < models; ++j) r[j] = r[j] + weight[j] * static_cast<double>(q[j]);
    }
    const uint64_t allowed = block.allowed != nullptr ? block.allowed[i] : ~uint64_t{0};
    if (block.allowed != nullptr)
      for (size_t j = 0; j < models; ++j) r[j] = (allowed >> j & 1) != 0 ? r[j] : never;
    // Lane by lane, then across the lanes: an order the compiler may vectorise without leave to reorder.
    double lane[kLeastLanes];
    for (size_t v = 0; v < kLeastLanes; ++v) lane[v] = r[v];
    for (size_t j = kLeastLanes; j < padded; j += kLeastLanes)
      for (size_t v = 0; v < kLeastLanes; ++v) lane[v] = r[j + v] < lane[v] ? r[j + v] : lane[v];
    double best = lane[0];
    for (size_t v = 1; v < kLeastLanes; ++v) best = lane[v] < best ? lane[v] : best;
    size_t winner = 0;
    while (winner + 1 < models && r[winner] != best) ++winner;
    // Memory that is shared may hold NaN by now: still an allowed model.
    if ((allowed >> winner & 1) == 0) winner = static_cast<size_t>(__builtin_ctzll(allowed));
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
