// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace.

bool valuesWithinAll(const float* values, size_t count, float most) {
  const Lanes zero = all(0.0f), greatest = all(most);
  Bits good = 0xFFFF;
  size_t e = 0;
  for (; e + 16 <= count; e += 16) {
    __builtin_prefetch(values + e + 512);  // the hardware's prefetcher stops at every page
    const Lanes value = load(values + e);
    good &= atMost(zero, value) & atMost(value, greatest);
  }
  const Lanes rest = loadFirst(values + e, count - e);
  return (good & atMost(zero, rest) & atMost(rest, greatest)) == 0xFFFF;
}
