// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of eight
// models.

// Read from kNoLane + 64 - model on: nothing to add to the models' lanes, but to that model's more than ever matters.
constexpr double kOut = 1.7976931348623157e308;
constexpr double kNoLane[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    kOut,
};

// `kQuantities` of them, or as many as the tables say.
constexpr size_t kAnyNumber = ~size_t{0};

template <size_t kBlocks, size_t kQuantities>
void findFirstBendOf(const BendTables& t, const BendRow* rows, size_t count, FirstBend* out) {
  constexpr size_t kPadded = kBlocks * 8;
  const size_t quantities = kQuantities == kAnyNumber ? t.quantities : kQuantities;
  const Doubles never = allDoubles(kOut), tiny = allDoubles(t.tiny), reach = allDoubles(t.reach);
  for (size_t n = 0; n < count; ++n) {
    const BendRow& row = rows[n];
    const size_t table = row.group * kPadded, tables = row.group * quantities * kPadded;
    const double* cost = t.cost + row.row * kPadded;
    const double* values = t.values + row.row * quantities * kPadded;
    const double *base = t.base + table, *weight = t.weight + tables;
    const double *rateBase = t.rateBase + table, *rateWeight = t.rateWeight + tables;
    // Operation by operation what the lanes do.
    const auto rateOf = [&](size_t model) {
      double rate = rateBase[model];
      for (size_t k = 0; k < quantities; ++k) rate += rateWeight[k * kPadded + model] * values[k * kPadded + model];
      return rate;
    };
    double own = cost[row.from] + base[row.from];
    for (size_t k = 0; k < quantities; ++k)
      own += weight[k * kPadded + row.from] * values[k * kPadded + row.from];
    const double ownRate = rateOf(row.from);
    const Doubles owns = allDoubles(own), ownRates = allDoubles(ownRate);
    const double* noLane = kNoLane + 64 - row.from;
    const bool alone = (row.tied & (row.tied - 1)) == 0;
    Doubles regret[kBlocks], faster[kBlocks], leastRegret = never;
    Bits within = 0;
    for (size_t v = 0; v < kBlocks; ++v) {
      Doubles r = add(load(cost + v * 8), load(base + v * 8));
      Doubles rate = load(rateBase + v * 8);
      for (size_t k = 0; k < quantities; ++k) {
        const Doubles q = load(values + k * kPadded + v * 8);
        r = add(r, multiply(load(weight + k * kPadded + v * 8), q));
        rate = add(rate, multiply(load(rateWeight + k * kPadded + v * 8), q));
      }
      faster[v] = subtract(ownRates, rate);
      regret[v] = add(subtract(r, owns), load(noLane + v * 8));
      if (!alone) regret[v] = select(static_cast<Bits>(row.tied >> (v * 8) & 0xFF), never, regret[v]);
      leastRegret = least(leastRegret, regret[v]);
      within |= atMost(regret[v], multiply(reach, faster[v]));
    }
    out[n].regret = leastLane(leastRegret);
    out[n].at = kOut;
    if (within == 0) continue;
    Doubles at[kBlocks], leastAt = never;
    for (size_t v = 0; v < kBlocks; ++v) {
      at[v] = select(atMost(faster[v], tiny), never, divide(regret[v], faster[v]));
      leastAt = least(leastAt, at[v]);
    }
    const double first = leastLane(leastAt);
    uint64_t which = 0;
    for (size_t v = 0; v < kBlocks; ++v) which |= static_cast<uint64_t>(equal(at[v], allDoubles(first))) << (v * 8);
    // NaN, of memory that changed meanwhile, equals nothing.
    const auto model = static_cast<size_t>(which != 0 ? __builtin_ctzll(which) : 0);
    out[n].at = first;
    out[n].drop = ownRate - rateOf(model);
    out[n].model = static_cast<uint8_t>(model);
  }
}

template <size_t kBlocks>
void findFirstBendOf(const BendTables& tables, const BendRow* rows, size_t count, FirstBend* out) {
  switch (tables.quantities) {
    case 0:
      return findFirstBendOf<kBlocks, 0>(tables, rows, count, out);
    case 1:
      return findFirstBendOf<kBlocks, 1>(tables, rows, count, out);
    case 2:
      return findFirstBendOf<kBlocks, 2>(tables, rows, count, out);
    default:
      return findFirstBendOf<kBlocks, kAnyNumber>(tables, rows, count, out);
  }
}

void findFirstBendAll(const BendTables& tables, const BendRow* rows, size_t count, FirstBend* out) {
  switch (tables.padded / 8) {
    case 1:
      return findFirstBendOf<1>(tables, rows, count, out);
    case 2:
      return findFirstBendOf<2>(tables, rows, count, out);
    case 3:
      return findFirstBendOf<3>(tables, rows, count, out);
    case 4:
      return findFirstBendOf<4>(tables, rows, count, out);
    case 5:
      return findFirstBendOf<5>(tables, rows, count, out);
    case 6:
      return findFirstBendOf<6>(tables, rows, count, out);
    case 7:
      return findFirstBendOf<7>(tables, rows, count, out);
    default:
      return findFirstBendOf<8>(tables, rows, count, out);
  }
}
