// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of eight
// models.

// So few registers are not worth a branch.
constexpr size_t kFewBlocks = 2;

// Sum over models of a * b.
template <size_t kBlocks>
inline __attribute__((always_inline)) double dot(const Doubles* a, const Doubles* b) {
  Doubles sum = multiply(a[0], b[0]);
  for (size_t v = 1; v < kBlocks; ++v) sum = add(sum, multiply(a[v], b[v]));
  return sumOfLanes(sum);
}

inline __attribute__((always_inline)) void accumulate(double* sum, Doubles part) { store(sum, add(load(sum), part)); }

template <size_t kBlocks>
double addSoftminRowOf(const SoftminTables& t, const SoftminRow& row, bool withSecond, const SoftminSums& sums) {
  constexpr size_t kPadded = kBlocks * 8;
  const size_t tail = t.models - (kBlocks - 1) * 8, dimensions = t.kinds * kPadded;
  const Doubles never = allDoubles(1.7976931348623157e308);
  // Quantities in the order of models; a row of some of the models is spread out first.
  float spread[8][kPadded];
  const float* values[8];
  uint64_t present = t.models == 64 ? ~uint64_t{0} : (uint64_t{1} << t.models) - 1;
  if (row.count == t.models) {
    for (size_t k = 0; k < t.quantities; ++k) values[k] = row.values + k * t.models;
  } else {
    present = 0;
    for (size_t c = 0; c < row.count; ++c) present |= uint64_t{1} << row.models[c];
    for (size_t k = 0; k < t.quantities; ++k) {
      for (size_t j = 0; j < t.models; ++j) spread[k][j] = 0;
      for (size_t c = 0; c < row.count; ++c) spread[k][row.models[c]] = row.values[k * row.count + c];
      values[k] = spread[k];
    }
  }
  Doubles q[8][kBlocks], r[kBlocks], p[kBlocks];
  const double* base = t.base + row.group * kPadded;
  for (size_t v = 0; v < kBlocks; ++v) r[v] = load(base + v * 8);
  for (size_t k = 0; k < t.quantities; ++k) {
    const double* weight = t.weight + (row.group * t.quantities + k) * kPadded;
    for (size_t v = 0; v < kBlocks; ++v) {
      q[k][v] = v + 1 < kBlocks || tail == 8 ? widen(values[k] + v * 8) : widenFirst(values[k] + v * 8, tail);
      r[v] = add(r[v], multiply(load(weight + v * 8), q[k][v]));
    }
  }
  for (size_t v = 0; v < kBlocks; ++v) r[v] = select(static_cast<Bits>(present >> (v * 8) & 0xFF), r[v], never);
  Doubles fold = r[0];
  for (size_t v = 1; v < kBlocks; ++v) fold = least(fold, r[v]);
  const double best = leastLane(fold);

  // Softmin weights below 2^-40 change nothing in double sums of thousands of rows; they are taken as zero.
  const Doubles bests = allDoubles(best), perTau = allDoubles(t.perTau), farthest = allDoubles(700.0),
                negligible = allDoubles(27.8), zero = allDoubles(0.0);
  uint64_t weighed = 0;  // the models whose weight is not zero
  for (size_t v = 0; v < kBlocks; ++v) {
    const Doubles x = multiply(subtract(r[v], bests), perTau);
    const Bits near = atMost(x, negligible);
    weighed |= static_cast<uint64_t>(near) << (v * 8);
    p[v] = kBlocks > kFewBlocks && near == 0 ? zero : select(near, expOfMinus(least(x, farthest)), zero);
  }
  // Of many models only a few are near the best once it is cold: whole registers of them are passed over.
  const auto passed = [weighed](size_t v) { return kBlocks > kFewBlocks && (weighed >> (v * 8) & 0xFF) == 0; };
  Doubles total = p[0];
  for (size_t v = 1; v < kBlocks; ++v) total = add(total, p[v]);
  const Doubles share = allDoubles(1 / sumOfLanes(total));
  for (size_t v = 0; v < kBlocks; ++v) p[v] = multiply(p[v], share);

  *sums.rows += 1;
  double means[8];
  for (size_t s = 0; s < t.channels; ++s) {
    const Doubles* channel = q[t.channelQuantity[s]];
    means[s] = dot<kBlocks>(p, channel);
    sums.mean[s] += means[s];
    Doubles weighted[kBlocks];
    for (size_t v = 0; v < kBlocks; ++v) weighted[v] = multiply(p[v], subtract(channel[v], allDoubles(means[s])));
    for (size_t other = 0; other <= s; ++other) {
      const size_t at = s * t.channels + other;
      // The other mean falls out: sum p (q - m) (q' - m') = sum p (q - m) q'.
      sums.covariance[at] += dot<kBlocks>(weighted, q[t.channelQuantity[other]]);
      if (withSecond) sums.second[at] += means[s] * means[other];
    }
  }
  // Own sums: choosing model j adds w_o(j) to those of its own.
  Doubles u[9][kBlocks];
  for (size_t o = 0; o < t.kinds; ++o) {
    const int quantity = t.kindQuantity[o];
    for (size_t v = 0; v < kBlocks; ++v) {
      if (passed(v)) continue;
      u[o][v] = quantity < 0 ? p[v] : multiply(p[v], q[quantity][v]);
      accumulate(sums.own + o * kPadded + v * 8, u[o][v]);
    }
    for (size_t s = 0; s < t.channels; ++s) {
      const Doubles* channel = q[t.channelQuantity[s]];
      const Doubles mean = allDoubles(means[s]);
      const size_t at = s * dimensions + o * kPadded;
      for (size_t v = 0; v < kBlocks; ++v) {
        if (passed(v)) continue;
        accumulate(sums.mixed + at + v * 8, multiply(u[o][v], subtract(channel[v], mean)));
        if (withSecond) accumulate(sums.mixedSecond + at + v * 8, multiply(u[o][v], mean));
      }
    }
  }
  for (size_t o = 0; o < t.kinds; ++o) {
    double factor[kPadded];
    for (size_t v = 0; v < kBlocks; ++v)
      if (!passed(v)) store(factor + v * 8, u[o][v]);
    for (size_t other = o; other < t.kinds; ++other) {
      const int quantity = t.kindQuantity[other];
      for (size_t v = 0; v < kBlocks; ++v)
        if (!passed(v))
          accumulate(sums.diagonal + (o * t.kinds + other) * kPadded + v * 8,
                     quantity < 0 ? u[o][v] : multiply(u[o][v], q[quantity][v]));
      for (uint64_t rest = weighed; rest != 0; rest &= rest - 1) {
        const auto j = static_cast<size_t>(__builtin_ctzll(rest));
        double* outer = sums.outer + (o * kPadded + j) * dimensions + other * kPadded;
        const Doubles times = allDoubles(factor[j]);
        // Of one kind with itself, the other triangle says the same.
        for (size_t v = other == o ? j / 8 : 0; v < kBlocks; ++v)
          if (!passed(v)) accumulate(outer + v * 8, multiply(times, u[other][v]));
      }
    }
  }
  return best;
}

double addSoftminRowAll(const SoftminTables& tables, const SoftminRow& row, bool withSecond, const SoftminSums& sums) {
  switch ((tables.models + 7) / 8) {
    case 1:
      return addSoftminRowOf<1>(tables, row, withSecond, sums);
    case 2:
      return addSoftminRowOf<2>(tables, row, withSecond, sums);
    case 3:
      return addSoftminRowOf<3>(tables, row, withSecond, sums);
    case 4:
      return addSoftminRowOf<4>(tables, row, withSecond, sums);
    case 5:
      return addSoftminRowOf<5>(tables, row, withSecond, sums);
    case 6:
      return addSoftminRowOf<6>(tables, row, withSecond, sums);
    case 7:
      return addSoftminRowOf<7>(tables, row, withSecond, sums);
    default:
      return addSoftminRowOf<8>(tables, row, withSecond, sums);
  }
}
