// Included once per instruction set, inside an anonymous namespace: no standard templates, so that no function compiled
// for a newer CPU can be shared with the rest of the program. Written for the compiler's vectoriser, over models, with
// sums kept in eight lanes so that every instruction set adds in the same order.

constexpr size_t kSoftminLanes = 8;
// Softmin weights below 2^-40 change nothing in double sums of thousands of rows; they are taken as zero.
constexpr double kNegligibleWeight = 27.8;

inline __attribute__((always_inline)) double sumOfLanes(const double* lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

// Sum of a[j] * b[j]; both padded with zeros to whole lanes.
inline __attribute__((always_inline)) double dotOfLanes(const double* a, const double* b, size_t padded) {
  double lane[kSoftminLanes];
  for (size_t v = 0; v < kSoftminLanes; ++v) lane[v] = a[v] * b[v];
  for (size_t j = kSoftminLanes; j < padded; j += kSoftminLanes)
    for (size_t v = 0; v < kSoftminLanes; ++v) lane[v] = lane[v] + a[j + v] * b[j + v];
  return sumOfLanes(lane);
}

template <size_t kModels>
inline __attribute__((always_inline)) double addSoftminRowOf(const SoftminTables& t, const SoftminRow& row,
                                                             const bool withSecond, const SoftminSums& sums) {
  const double never = 1.7976931348623157e308;
  const size_t models = kModels != 0 ? kModels : t.models;
  const size_t padded = (models + kSoftminLanes - 1) / kSoftminLanes * kSoftminLanes;
  const size_t dimensions = t.kinds * models;
  double q[8][64], r[64], p[64];
  const double* base = t.base + row.group * models;
  const double* weights = t.weight + row.group * t.quantities * models;
  if (row.count == models) {
    for (size_t j = 0; j < models; ++j) r[j] = base[j];
    for (size_t k = 0; k < t.quantities; ++k) {
      const double* weight = weights + k * models;
      const float* values = row.values + k * models;
      for (size_t j = 0; j < models; ++j) q[k][j] = static_cast<double>(values[j]);
      for (size_t j = 0; j < models; ++j) r[j] = r[j] + weight[j] * q[k][j];
      for (size_t j = models; j < padded; ++j) q[k][j] = 0;
    }
    for (size_t j = models; j < padded; ++j) r[j] = never;
  } else {
    for (size_t j = 0; j < padded; ++j) r[j] = never;
    for (size_t k = 0; k < t.quantities; ++k)
      for (size_t j = 0; j < padded; ++j) q[k][j] = 0;
    for (size_t c = 0; c < row.count; ++c) {
      const size_t j = row.models[c];
      r[j] = base[j];
      for (size_t k = 0; k < t.quantities; ++k) {
        q[k][j] = static_cast<double>(row.values[k * row.count + c]);
        r[j] = r[j] + weights[k * models + j] * q[k][j];
      }
    }
  }

  double lane[kSoftminLanes];
  for (size_t v = 0; v < kSoftminLanes; ++v) lane[v] = r[v];
  for (size_t j = kSoftminLanes; j < padded; j += kSoftminLanes)
    for (size_t v = 0; v < kSoftminLanes; ++v) lane[v] = r[j + v] < lane[v] ? r[j + v] : lane[v];
  double least = lane[0];
  for (size_t v = 1; v < kSoftminLanes; ++v) least = lane[v] < least ? lane[v] : least;

  for (size_t v = 0; v < kSoftminLanes; ++v) lane[v] = 0;
  for (size_t j = 0; j < padded; j += kSoftminLanes)
    for (size_t v = 0; v < kSoftminLanes; ++v) {
      const double x = (r[j + v] - least) * t.perTau;
      const double weight = compute::expOfMinus(x < 700.0 ? x : 700.0);
      p[j + v] = x <= kNegligibleWeight ? weight : 0.0;
      lane[v] = lane[v] + p[j + v];
    }
  const double share = 1 / sumOfLanes(lane);
  for (size_t j = 0; j < padded; ++j) p[j] = p[j] * share;

  *sums.rows += 1;
  // Own sums: choosing model j adds w_o(j) to those of its own.
  for (size_t o = 0; o < t.kinds; ++o) {
    double u[64];
    const int quantity = t.kindQuantity[o];
    for (size_t j = 0; j < models; ++j) u[j] = quantity < 0 ? p[j] : p[j] * q[quantity][j];
    double* own = sums.own + o * models;
    for (size_t j = 0; j < models; ++j) own[j] = own[j] + u[j];
    for (size_t other = 0; other < t.kinds; ++other) {
      const int otherQuantity = t.kindQuantity[other];
      double* diagonal = sums.diagonal + (o * t.kinds + other) * models;
      for (size_t j = 0; j < models; ++j)
        diagonal[j] = diagonal[j] + (otherQuantity < 0 ? u[j] : u[j] * q[otherQuantity][j]);
      for (size_t a = 0; a < models; ++a) {
        if (p[a] == 0) continue;
        const double factor = otherQuantity < 0 ? p[a] : p[a] * q[otherQuantity][a];
        double* outer = sums.outer + (other * models + a) * dimensions + o * models;
        for (size_t j = 0; j < models; ++j) outer[j] = outer[j] + factor * u[j];
      }
    }
    for (size_t s = 0; s < t.channels; ++s) {
      const double* channel = q[t.channelQuantity[s]];
      const double mean = dotOfLanes(p, channel, padded);
      double* mixed = sums.mixed + s * dimensions + o * models;
      for (size_t j = 0; j < models; ++j) mixed[j] = mixed[j] + u[j] * (channel[j] - mean);
      if (!withSecond) continue;
      double* second = sums.mixedSecond + s * dimensions + o * models;
      for (size_t j = 0; j < models; ++j) second[j] = second[j] + u[j] * mean;
    }
  }

  double means[8];
  for (size_t s = 0; s < t.channels; ++s) {
    means[s] = dotOfLanes(p, q[t.channelQuantity[s]], padded);
    sums.mean[s] += means[s];
    double weighted[64];
    for (size_t j = 0; j < padded; ++j) weighted[j] = p[j] * (q[t.channelQuantity[s]][j] - means[s]);
    for (size_t other = 0; other <= s; ++other) {
      const size_t at = s * t.channels + other;
      // The mean falls out: sum p (q - m) (q' - m') = sum p (q - m) q'.
      sums.covariance[at] += dotOfLanes(weighted, q[t.channelQuantity[other]], padded);
      if (withSecond) sums.second[at] += means[s] * means[other];
    }
  }
  return least;
}

double addSoftminRowAll(const SoftminTables& tables, const SoftminRow& row, bool withSecond, const SoftminSums& sums) {
  switch (tables.models) {
    case 8:
      return addSoftminRowOf<8>(tables, row, withSecond, sums);
    case 16:
      return addSoftminRowOf<16>(tables, row, withSecond, sums);
    case 32:
      return addSoftminRowOf<32>(tables, row, withSecond, sums);
    case 64:
      return addSoftminRowOf<64>(tables, row, withSecond, sums);
    default:
      return addSoftminRowOf<0>(tables, row, withSecond, sums);
  }
}
