// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of 16
// models; `kMasked`: some lanes stand for no allowed model; `kQuantities` and `kChannels`: how many, or 0, any number;
// `kGroups`: rows have groups, and tables are mostly another row's; else they are kept in registers, where there are few.

// Rows are looked at twice while they are at hand: first at how far the best model is from all others, which decides most.
// Apart, as what one row waits for is then not in the next one's way.
constexpr size_t kScreenRun = 64;

template <size_t kBlocks>
struct Screened {
  float low[kScreenRun][kBlocks * 16];  // reduced values, reach of own prices taken off
  float highest[kScreenRun];            // the least of them with that reach added
  size_t left[kScreenRun];              // rows that are not decided yet, from the first of the run
};

template <size_t kBlocks, bool kMasked>
inline Lanes valuesOf(const float* row, size_t b, size_t models) {
  const size_t tail = models - (kBlocks - 1) * 16;
  return !kMasked || b + 1 < kBlocks || tail == 16 ? load(row + b * 16) : loadFirst(row + b * 16, tail);
}

inline uint64_t allowedIn(const ScreenBlock& block, size_t i) {
  const uint64_t every = block.models == 64 ? ~uint64_t{0} : (uint64_t{1} << block.models) - 1;
  return block.allowed != nullptr ? block.allowed[i] & every : every;
}

// What rounding does to a sum of base and values, as a share of its size (ScreenBlock).
inline float roundingOf(size_t quantities) {
  return static_cast<float>(kRoundings + kRoundingsPerQuantity * static_cast<int>(quantities)) * 0x1p-24f;
}

// x, and so many times its rounding more.
inline float roundedUp(float x, float rounding) {
  const float up = x * (1 + rounding), down = x * (1 - rounding);
  return up > down ? up : down;
}

// Decides the rows from `first` on whose best model is better than all others by more than any two models' difference can
// change by. Returns how many have none.
template <size_t kBlocks, size_t kQuantities, bool kMasked, bool kOwn, bool kGroups>
size_t decideByFar(const ScreenBlock& given, size_t first, size_t last, Screened<kBlocks>& screened,
                   uint8_t* __restrict winner, uint64_t* __restrict open) {
  const ScreenBlock block = given;  // as nothing written can change it
  constexpr bool kKeep = !kGroups && kQuantities != 0;
  constexpr size_t kKept = kKeep ? kQuantities : 1;
  const size_t models = block.models, padded = kBlocks * 16;
  const size_t quantities = kQuantities != 0 ? kQuantities : block.quantities;
  const float rounding = 2 * roundingOf(quantities);
  const Lanes never = all(1e30f);
  Lanes base[kBlocks], weight[kKept][kBlocks];
  for (size_t b = 0; b < kBlocks; ++b) base[b] = load(block.base + b * 16);
  for (size_t k = 0; kKeep && k < kKept; ++k)
    for (size_t b = 0; b < kBlocks; ++b) weight[k][b] = load(block.lowWeight + k * padded + b * 16);
  for (size_t i = first; i < last; ++i) {
    // The hardware's prefetcher stops at every page.
    for (size_t k = 0; k < quantities; ++k)
      for (size_t line = 0; line < kBlocks; ++line)
        __builtin_prefetch(block.values[k] + (i + kPrefetchRows) * models + line * 16);
    const size_t group = kGroups ? block.groups[i] : 0;
    const uint64_t allowed = allowedIn(block, i);
    Lanes low[kBlocks], high[kBlocks];
    for (size_t b = 0; b < kBlocks; ++b) low[b] = high[b] = kGroups ? load(block.base + group * padded + b * 16) : base[b];
    for (size_t k = 0; k < quantities; ++k) {
      const float* row = block.values[k] + i * models;
      const size_t table = (group * quantities + k) * padded;
      for (size_t b = 0; b < kBlocks; ++b) {
        const Lanes q = valuesOf<kBlocks, kMasked>(row, b, models);
        const Lanes w = kKeep ? weight[k < kKept ? k : 0][b] : load(block.lowWeight + table + b * 16);
        low[b] = add(low[b], multiply(w, q));
        if (kOwn) high[b] = add(high[b], multiply(load(block.highWeight + table + b * 16), q));
      }
    }
    Lanes fold = never;
    for (size_t b = 0; b < kBlocks; ++b) {
      if (kMasked) {
        const auto some = static_cast<Bits>(allowed >> (b * 16) & 0xFFFF);
        low[b] = select(some, low[b], never);
        if (kOwn) high[b] = select(some, high[b], never);
      }
      fold = least(fold, kOwn ? high[b] : low[b]);
      store(screened.low[i - first] + b * 16, low[b]);
    }
    // Whoever ends lowest at worst ends no higher than this at best; who alone does, is the one.
    const float highest = leastLane(fold);
    const float bound = roundedUp(highest, rounding) + block.widest[group];
    uint64_t within = 0;
    for (size_t b = 0; b < kBlocks; ++b) within |= static_cast<uint64_t>(atMost(low[b], all(bound))) << (b * 16);
    within &= allowed;
    const auto which = static_cast<size_t>(__builtin_ctzll(within != 0 ? within : allowed));
    const bool decided = (within == uint64_t{1} << which) & (bound < 1e29f) & (bound > -1e29f);
    screened.highest[i - first] = highest;
    winner[i] = static_cast<uint8_t>(which);
    open[i] = static_cast<uint64_t>(decided) << which;
  }
  // Not above, where loads would wait for this one's address.
  size_t count = 0;
  for (size_t i = first; i < last; ++i) {
    screened.left[count] = i - first;
    count += open[i] == 0 ? 1 : 0;
  }
  return count;
}

// The others, pair by pair of models.
template <size_t kBlocks, size_t kChannels, bool kMasked>
void decideByPairs(const ScreenBlock& given, size_t first, const Screened<kBlocks>& screened, size_t count,
                   uint8_t* __restrict winner, uint64_t* __restrict open) {
  const ScreenBlock block = given;  // as nothing written can change it
  const size_t models = block.models, padded = kBlocks * 16;
  const size_t channels = kChannels != 0 ? kChannels : block.channels;
  const float rounding = roundingOf(block.quantities);
  const Lanes squareRounding = all(static_cast<float>(4 * channels + 8) * 0x1p-22f), zero = all(0.0f);
  for (size_t n = 0; n < count; ++n) {
    const size_t i = first + screened.left[n];
    const size_t group = block.groups != nullptr ? block.groups[i] : 0;
    const uint64_t allowed = allowedIn(block, i);
    Lanes low[kBlocks];
    for (size_t b = 0; b < kBlocks; ++b) low[b] = load(screened.low[i - first] + b * 16);
    Lanes fold = low[0];
    for (size_t b = 1; b < kBlocks; ++b) fold = least(fold, low[b]);
    const float lowest = block.highWeight != nullptr ? leastLane(fold) : screened.highest[i - first];
    uint64_t ties = 0;
    for (size_t b = 0; b < kBlocks; ++b) ties |= static_cast<uint64_t>(equal(low[b], all(lowest))) << (b * 16);
    // Values may lie so far beyond the spread that they pass the sentinel, or overflow: such a row is left open whole.
    // So is one that shared memory turned into NaN meanwhile; whatever the values, the winner is an allowed model.
    ties &= allowed;
    const auto which = static_cast<size_t>(__builtin_ctzll(ties != 0 ? ties : allowed));
    float high = lowest;
    if (block.highWeight != nullptr) {
      high = block.base[group * padded + which];
      for (size_t k = 0; k < block.quantities; ++k)
        high += block.highWeight[(group * block.quantities + k) * padded + which] * block.values[k][i * models + which];
    }
    high = roundedUp(high, rounding) + block.slip[group];
    winner[i] = static_cast<uint8_t>(which);
    if (ties == 0 || !(high < 1e29f && high > -1e29f)) {
      open[i] = allowed;
      continue;
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
        const Lanes delta = subtract(valuesOf<kBlocks, kMasked>(q, b, models), all(q[which]));
        const Lanes own = multiply(multiply(all(a[s]), delta), delta);
        square = add(square, add(multiply(load(u + b * 16), delta), own));
        pure = add(pure, own);
        for (size_t t = s + 1; t < channels; ++t) {
          const float* other = block.values[block.channelQuantity[t]] + i * models;
          const Lanes otherDelta = subtract(valuesOf<kBlocks, kMasked>(other, b, models), all(other[which]));
          square = add(square, multiply(all(2 * a[t]), multiply(delta, otherDelta)));
        }
      }
      const Lanes margin = subtract(subtract(low[b], multiply(absolute(low[b]), all(rounding))), all(high));
      const Bits apart =
          greater(margin, zero) & greater(multiply(margin, margin), add(square, multiply(squareRounding, pure)));
      decided |= static_cast<uint64_t>(apart) << (b * 16);
    }
    open[i] = (allowed & ~decided) | uint64_t{1} << which;
  }
}

template <size_t kBlocks, size_t kQuantities, size_t kChannels, bool kMasked, bool kOwn, bool kGroups>
void screenRun(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  Screened<kBlocks> screened;
  for (size_t first = 0; first < block.rows; first += kScreenRun) {
    const size_t last = first + kScreenRun < block.rows ? first + kScreenRun : block.rows;
    const size_t left = decideByFar<kBlocks, kQuantities, kMasked, kOwn, kGroups>(block, first, last, screened, winner, open);
    decideByPairs<kBlocks, kChannels, kMasked>(block, first, screened, left, winner, open);
  }
}

template <size_t kBlocks, bool kMasked, bool kGroups>
void screenRowsOf(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  // A floor over cost and quality, the usual problem, is worth its own copy, and so are token capacities beside it.
  if (block.highWeight != nullptr)
    return block.quantities == 3 ? screenRun<kBlocks, 3, 0, kMasked, true, kGroups>(block, winner, open)
                                 : screenRun<kBlocks, 0, 0, kMasked, true, kGroups>(block, winner, open);
  if (block.quantities == 2 && block.channels == 1)
    return screenRun<kBlocks, 2, 1, kMasked, false, kGroups>(block, winner, open);
  screenRun<kBlocks, 0, 0, kMasked, false, kGroups>(block, winner, open);
}

template <size_t kBlocks, bool kMasked>
void screenRowsOver(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  if (block.groups != nullptr) return screenRowsOf<kBlocks, kMasked, true>(block, winner, open);
  screenRowsOf<kBlocks, kMasked, false>(block, winner, open);
}

template <size_t kBlocks>
void screenRowsIn(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  const bool masked = block.allowed != nullptr || block.models != kBlocks * 16;
  if (masked) return screenRowsOver<kBlocks, true>(block, winner, open);
  screenRowsOver<kBlocks, false>(block, winner, open);
}

void screenRowsAll(const ScreenBlock& block, uint8_t* winner, uint64_t* open) {
  switch ((block.models + 15) / 16) {
    case 1:
      return screenRowsIn<1>(block, winner, open);
    case 2:
      return screenRowsIn<2>(block, winner, open);
    case 3:
      return screenRowsIn<3>(block, winner, open);
    default:
      return screenRowsIn<4>(block, winner, open);
  }
}
