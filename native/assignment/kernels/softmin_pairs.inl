// Included once per instruction set, after exp.inl, inside an anonymous namespace: no standard templates, so
// that no function compiled for a newer CPU can be shared with the rest of the program. `kFeatures` of them are kept in
// registers, 0: any number.

template <size_t kFeatures>
void softminPairsOf(const PairBlock& block, PairSums& sums) {
  constexpr size_t kMost = kFeatures != 0 ? kFeatures : kMostPairFeatures;
  const size_t features = kFeatures != 0 ? kFeatures : 1 + block.channels + 2 * block.owns;
  const Doubles one = allDoubles(1.0), zero = allDoubles(0.0), perTau = allDoubles(block.perTau),
                farthest = allDoubles(700.0), negligible = allDoubles(27.8);
  const auto column = [&](size_t quantity, size_t candidate, size_t i) {
    return widen(block.values + (2 * quantity + candidate) * block.stride + i);
  };
  Doubles leastSum = zero, first[kMost], second[kMost * (kMost + 1) / 2];
  for (size_t f = 0; f < features; ++f) first[f] = zero;
  for (size_t f = 0; f < features * (features + 1) / 2; ++f) second[f] = zero;
  for (size_t i = 0; i < block.rows; i += 8) {
    Doubles r0 = allDoubles(block.base[0]), r1 = allDoubles(block.base[1]);
    for (size_t k = 0; k < block.quantities; ++k) {
      r0 = add(r0, multiply(allDoubles(block.weight[2 * k]), column(k, 0, i)));
      r1 = add(r1, multiply(allDoubles(block.weight[2 * k + 1]), column(k, 1, i)));
    }
    Doubles near = least(r0, r1);
    // One of the two differences is 0.
    const Doubles x = multiply(add(subtract(r0, near), subtract(r1, near)), perTau);
    const Doubles e = select(atMost(x, negligible), expOfMinus(least(x, farthest)), zero);
    const Doubles nearer = divide(one, add(one, e)), farther = multiply(e, nearer);
    Doubles variance = multiply(farther, nearer), p = select(atMost(r0, r1), farther, nearer);
    if (block.rows - i < 8) {
      const auto rows = static_cast<Bits>((1u << (block.rows - i)) - 1);
      near = select(rows, near, zero);
      variance = select(rows, variance, zero);
      p = select(rows, p, zero);
    }
    leastSum = add(leastSum, near);
    Doubles z[kMost];
    size_t f = 1;
    for (size_t s = 0; s < block.channels; ++s, ++f) {
      const auto quantity = static_cast<size_t>(block.channelQuantity[s]);
      z[f] = subtract(column(quantity, 1, i), column(quantity, 0, i));
    }
    for (size_t o = 0; o < block.owns; ++o, f += 2) {
      const auto quantity = static_cast<size_t>(block.ownQuantity[o]);
      z[f] = column(quantity, 0, i);
      z[f + 1] = column(quantity, 1, i);
    }
    first[0] = add(first[0], p);
    second[0] = add(second[0], variance);
    for (size_t a = 1; a < features; ++a) {
      first[a] = add(first[a], multiply(p, z[a]));
      const Doubles weighted = multiply(variance, z[a]);
      second[pairPlace(a, 0)] = add(second[pairPlace(a, 0)], weighted);
      for (size_t b = 1; b <= a; ++b)
        second[pairPlace(a, b)] = add(second[pairPlace(a, b)], multiply(weighted, z[b]));
    }
  }
  sums.least = sumOfLanes(leastSum);
  for (size_t f = 0; f < features; ++f) sums.first[f] = sumOfLanes(first[f]);
  for (size_t f = 0; f < features * (features + 1) / 2; ++f) sums.second[f] = sumOfLanes(second[f]);
}

void softminPairsAll(const PairBlock& block, PairSums& sums) {
  switch (1 + block.channels + 2 * block.owns) {
    case 1:
      return softminPairsOf<1>(block, sums);
    case 2:
      return softminPairsOf<2>(block, sums);
    case 3:
      return softminPairsOf<3>(block, sums);
    case 5:
      return softminPairsOf<5>(block, sums);
    default:
      return softminPairsOf<0>(block, sums);
  }
}
