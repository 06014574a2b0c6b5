// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of eight
// models; `kQuantities`, or 0: any number. Without `kGroups` the tables are kept in registers, where there are few; with it
// they are mostly another row's.

// How many rows ahead memory is asked for.
constexpr size_t kPrefetchRows = 24;

template <size_t kBlocks, size_t kQuantities, bool kGroups>
void leastReducedOf(const LeastReducedBlock& given, double* __restrict out, uint8_t* __restrict which) {
  const LeastReducedBlock block = given;  // as nothing written can change it
  constexpr bool kKeep = !kGroups && kQuantities != 0;
  constexpr size_t kKept = kKeep ? kQuantities : 1;
  const size_t models = block.models, tail = models - (kBlocks - 1) * 8;
  const size_t quantities = kQuantities != 0 ? kQuantities : block.quantities;
  const uint64_t every = models == 64 ? ~uint64_t{0} : (uint64_t{1} << models) - 1;
  const Doubles never = allDoubles(1.7976931348623157e308);
  const auto table = [&](const double* row, size_t v) {
    return v + 1 < kBlocks || tail == 8 ? load(row + v * 8) : loadFirst(row + v * 8, tail);
  };
  const auto values = [&](const float* row, size_t v) {
    return v + 1 < kBlocks || tail == 8 ? widen(row + v * 8) : widenFirst(row + v * 8, tail);
  };
  Doubles base[kBlocks], weight[kKept][kBlocks];
  for (size_t v = 0; v < kBlocks; ++v) base[v] = table(block.base, v);
  for (size_t k = 0; kKeep && k < kKept; ++k)
    for (size_t v = 0; v < kBlocks; ++v) weight[k][v] = table(block.weight + k * models, v);
  for (size_t i = 0; i < block.rows; ++i) {
    // The hardware's prefetcher stops at every page.
    for (size_t k = 0; k < quantities; ++k)
      for (size_t line = 0; line < kBlocks; line += 2)
        __builtin_prefetch(block.values[k] + (i + kPrefetchRows) * models + line * 8);
    const size_t group = kGroups ? block.groups[i] : 0;
    const uint64_t allowed = block.allowed != nullptr ? block.allowed[i] & every : every;
    Doubles r[kBlocks];
    for (size_t v = 0; v < kBlocks; ++v) r[v] = kGroups ? table(block.base + group * models, v) : base[v];
    for (size_t k = 0; k < quantities; ++k) {
      const float* row = block.values[k] + i * models;
      for (size_t v = 0; v < kBlocks; ++v) {
        const Doubles w =
            kKeep ? weight[k < kKept ? k : 0][v] : table(block.weight + (group * quantities + k) * models, v);
        r[v] = add(r[v], multiply(w, values(row, v)));
      }
    }
    if (block.allowed != nullptr || tail != 8)
      for (size_t v = 0; v < kBlocks; ++v) r[v] = select(static_cast<Bits>(allowed >> (v * 8) & 0xFF), r[v], never);
    Doubles fold = r[0];
    for (size_t v = 1; v < kBlocks; ++v) fold = least(fold, r[v]);
    const double best = leastLane(fold);
    const Doubles bests = allDoubles(best);
    uint64_t ties = 0;
    for (size_t v = 0; v < kBlocks; ++v) ties |= static_cast<uint64_t>(equal(r[v], bests)) << (v * 8);
    // Memory that is shared may hold NaN by now: still an allowed model.
    ties &= allowed;
    out[i] = best;
    which[i] = static_cast<uint8_t>(__builtin_ctzll(ties != 0 ? ties : allowed));
  }
}

template <size_t kBlocks, bool kGroups>
void leastReducedOver(const LeastReducedBlock& block, double* out, uint8_t* which) {
  if (kBlocks <= 4 && block.quantities == 2) return leastReducedOf<kBlocks, 2, kGroups>(block, out, which);
  if (kBlocks <= 2 && block.quantities == 3) return leastReducedOf<kBlocks, 3, kGroups>(block, out, which);
  leastReducedOf<kBlocks, 0, kGroups>(block, out, which);
}

template <size_t kBlocks>
void leastReducedIn(const LeastReducedBlock& block, double* out, uint8_t* which) {
  if (block.groups != nullptr) return leastReducedOver<kBlocks, true>(block, out, which);
  leastReducedOver<kBlocks, false>(block, out, which);
}

void leastReducedRows(const LeastReducedBlock& block, double* out, uint8_t* which) {
  switch ((block.models + 7) / 8) {
    case 1:
      return leastReducedIn<1>(block, out, which);
    case 2:
      return leastReducedIn<2>(block, out, which);
    case 3:
      return leastReducedIn<3>(block, out, which);
    case 4:
      return leastReducedIn<4>(block, out, which);
    case 5:
      return leastReducedIn<5>(block, out, which);
    case 6:
      return leastReducedIn<6>(block, out, which);
    case 7:
      return leastReducedIn<7>(block, out, which);
    default:
      return leastReducedIn<8>(block, out, which);
  }
}
