// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of 16
// models.

// Added to a register's lanes, takes one of them out of the running, or none.
alignas(64) constexpr float kWithout[17][16] = {{1e30f},
                                                {0, 1e30f},
                                                {0, 0, 1e30f},
                                                {0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e30f},
                                                {}};

// `kMasked`: some lanes stand for no allowed model.
template <size_t kBlocks, size_t kQuantities, size_t kChannels, bool kMasked>
struct Screener {
  static inline __attribute__((always_inline)) void rows(const ScreenBlock& given, uint8_t* __restrict winner, uint64_t* __restrict open) {
    const ScreenBlock block = given;  // as nothing written can change it
    const size_t models = block.models, padded = kBlocks * 16, tail = models - (kBlocks - 1) * 16;
    const size_t quantities = kQuantities != 0 ? kQuantities : block.quantities;
    const size_t channels = kChannels != 0 ? kChannels : block.channels;
    // Each of the few operations on a value rounds by at most 2^-24 of the magnitudes involved.
    const Lanes valueRounding = all(static_cast<float>(2 * quantities + 6) * 0x1p-24f);
    const Lanes squareRounding = all(static_cast<float>(4 * channels + 8) * 0x1p-22f);
    const Lanes never = all(1e30f), zero = all(0.0f);
    const uint64_t every = models == 64 ? ~uint64_t{0} : (uint64_t{1} << models) - 1;
    const auto values = [&](const float* row, size_t b) {
      return b + 1 < kBlocks || tail == 16 ? load(row + b * 16) : loadFirst(row + b * 16, tail);
    };
    for (size_t i = 0; i < block.rows; ++i) {
      // The hardware's prefetcher stops at every page.
      for (size_t k = 0; k < quantities; ++k)
        for (size_t line = 0; line < kBlocks; ++line)
          __builtin_prefetch(block.values[k] + (i + kPrefetchRows) * models + line * 16);
      const size_t group = block.groups != nullptr ? block.groups[i] : 0;
      const uint64_t allowed = block.allowed != nullptr ? block.allowed[i] & every : every;

      Lanes r[kBlocks], size[kBlocks];
      const float* base = block.base + group * padded;
      for (size_t b = 0; b < kBlocks; ++b) {
        r[b] = load(base + b * 16);
        size[b] = absolute(r[b]);
      }
      for (size_t k = 0; k < quantities; ++k) {
        const float* weight = block.weight + (group * quantities + k) * padded;
        const float* row = block.values[k] + i * models;
        for (size_t b = 0; b < kBlocks; ++b) {
          const Lanes part = multiply(load(weight + b * 16), values(row, b));
          r[b] = add(r[b], part);
          size[b] = add(size[b], absolute(part));
        }
      }
      if (kMasked)
        for (size_t b = 0; b < kBlocks; ++b)
          r[b] = select(static_cast<Bits>(allowed >> (b * 16) & 0xFFFF), r[b], never);

      // What rounding and own prices may do is taken off the others, and added for the best.
      Lanes low[kBlocks], high[kBlocks];
      for (size_t b = 0; b < kBlocks; ++b) {
        Lanes give = multiply(size[b], valueRounding);
        if (block.own != nullptr) {
          Lanes reach = zero;
          for (size_t k = 0; k < quantities; ++k)
            reach = add(reach, multiply(load(block.own + (group * quantities + k) * padded + b * 16),
                                        values(block.values[k] + i * models, b)));
          give = add(give, multiply(reach, all(1.000001f)));
        }
        low[b] = subtract(r[b], give);
        high[b] = add(r[b], give);
      }
      Lanes fold = high[0];
      for (size_t b = 1; b < kBlocks; ++b) fold = least(fold, high[b]);
      const float highest = leastLane(fold);
      const Lanes bests = all(highest);
      uint64_t ties = 0;
      for (size_t b = 0; b < kBlocks; ++b) ties |= static_cast<uint64_t>(equal(high[b], bests)) << (b * 16);
      // Values may lie so far beyond the spread that they pass the sentinel, or overflow: such a row is left open whole.
      // So is one that shared memory turned into NaN meanwhile; whatever the values, the winner is an allowed model.
      ties &= allowed;
      const auto which = static_cast<size_t>(__builtin_ctzll(ties != 0 ? ties : allowed));
      winner[i] = static_cast<uint8_t>(which);
      if (ties == 0 || !(highest < 1e29f && highest > -1e29f)) {
        open[i] = allowed;
        continue;
      }

      // Where features are many, most rows are decided by how far the second best lies from the best: if that is more
      // than any two models' difference can change by.
      if (kChannels == 0) {
        Lanes second = add(low[0], load(kWithout[which / 16 == 0 ? which % 16 : 16]));
        for (size_t b = 1; b < kBlocks; ++b)
          second = least(second, add(low[b], load(kWithout[which / 16 == b ? which % 16 : 16])));
        if (leastLane(second) - highest > block.widest[group * models + which]) {
          open[i] = uint64_t{1} << which;
          continue;
        }
      }

      const float* v = block.v + (group * models + which) * padded;
      uint64_t decided = 0;
      for (size_t b = 0; b < kBlocks; ++b) {
        // (f(j) - f(winner))'d, squared, at its largest in the region; `pure` is the size of what it sums.
        Lanes square = load(v + b * 16), pure = square;
        for (size_t s = 0; s < channels; ++s) {
          const float* q = block.values[block.channelQuantity[s]] + i * models;
          const float* u = block.u + ((group * models + which) * channels + s) * padded;
          const float* a = block.a + (group * channels + s) * channels;
          const Lanes delta = subtract(values(q, b), all(q[which]));
          const Lanes own = multiply(multiply(all(a[s]), delta), delta);
          square = add(square, add(multiply(load(u + b * 16), delta), own));
          pure = add(pure, own);
          for (size_t t = s + 1; t < channels; ++t) {
            const float* other = block.values[block.channelQuantity[t]] + i * models;
            const Lanes otherDelta = subtract(values(other, b), all(other[which]));
            square = add(square, multiply(all(2 * a[t]), multiply(delta, otherDelta)));
          }
        }
        const Lanes margin = subtract(low[b], bests);
        const Bits apart =
            greater(margin, zero) & greater(multiply(margin, margin), add(square, multiply(squareRounding, pure)));
        decided |= static_cast<uint64_t>(apart) << (b * 16);
      }
      open[i] = (allowed & ~decided) | uint64_t{1} << which;
    }
  }
};

template <size_t kBlocks>
void screenRowsOf(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  // A floor over cost and quality, the usual problem, is worth its own copy.
  const bool masked = block.allowed != nullptr || block.models != kBlocks * 16;
  if (block.quantities == 2 && block.channels == 1)
    return masked ? Screener<kBlocks, 2, 1, true>::rows(block, winner, open)
                  : Screener<kBlocks, 2, 1, false>::rows(block, winner, open);
  Screener<kBlocks, 0, 0, true>::rows(block, winner, open);
}

void screenRowsAll(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  switch ((block.models + 15) / 16) {
    case 1:
      return screenRowsOf<1>(block, winner, open);
    case 2:
      return screenRowsOf<2>(block, winner, open);
    case 3:
      return screenRowsOf<3>(block, winner, open);
    default:
      return screenRowsOf<4>(block, winner, open);
  }
}
