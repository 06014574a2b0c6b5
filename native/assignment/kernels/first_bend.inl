// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kBlocks` registers of eight
// models.

template <size_t kBlocks>
void findFirstBendOf(const BendTables& t, const BendRow* rows, size_t count, FirstBend* out) {
  constexpr size_t kPadded = kBlocks * 8;
  const Doubles never = allDoubles(1.7976931348623157e308), tiny = allDoubles(t.tiny);
  for (size_t n = 0; n < count; ++n) {
    const BendRow& row = rows[n];
    const size_t table = row.group * kPadded, tables = row.group * t.quantities * kPadded;
    const double* cost = t.cost + row.row * kPadded;
    const double* values = t.values + row.row * t.quantities * kPadded;
    // Operation by operation what the lanes do.
    double own = cost[row.from] + t.base[table + row.from], ownRate = t.rateBase[table + row.from];
    for (size_t k = 0; k < t.quantities; ++k) {
      own += t.weight[tables + k * kPadded + row.from] * values[k * kPadded + row.from];
      ownRate += t.rateWeight[tables + k * kPadded + row.from] * values[k * kPadded + row.from];
    }
    Doubles at[kBlocks], faster[kBlocks], leastAt = never, leastRegret = never;
    for (size_t v = 0; v < kBlocks; ++v) {
      Doubles r = add(load(cost + v * 8), load(t.base + table + v * 8));
      Doubles rate = load(t.rateBase + table + v * 8);
      for (size_t k = 0; k < t.quantities; ++k) {
        const Doubles q = load(values + k * kPadded + v * 8);
        r = add(r, multiply(load(t.weight + tables + k * kPadded + v * 8), q));
        rate = add(rate, multiply(load(t.rateWeight + tables + k * kPadded + v * 8), q));
      }
      const Bits others = static_cast<Bits>(~row.tied >> (v * 8) & 0xFF);
      const Doubles regret = select(others, subtract(r, allDoubles(own)), never);
      faster[v] = subtract(allDoubles(ownRate), rate);
      at[v] = select(others & ~atMost(faster[v], tiny), divide(regret, faster[v]), never);
      leastAt = least(leastAt, at[v]);
      leastRegret = least(leastRegret, regret);
    }
    const double first = leastLane(leastAt);
    uint64_t which = 0;
    for (size_t v = 0; v < kBlocks; ++v) which |= static_cast<uint64_t>(equal(at[v], allDoubles(first))) << (v * 8);
    // NaN, of memory that changed meanwhile, equals nothing.
    const auto model = static_cast<size_t>(which != 0 ? __builtin_ctzll(which) : 0);
    double lanes[kPadded];
    for (size_t v = 0; v < kBlocks; ++v) store(lanes + v * 8, faster[v]);
    out[n].at = first;
    out[n].drop = lanes[model];
    out[n].regret = leastLane(leastRegret);
    out[n].model = static_cast<uint8_t>(model);
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
