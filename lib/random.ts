/** Random numbers that are the same on every machine for the same seed. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly T[]): T;
}

/** Tommy Ettinger's mulberry32: 32 bits of state, good enough to draw a few hundred thousand numbers for show. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    // Box and Muller's transform, of 1 - u because the logarithm of 0 is none.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: items => items[Math.floor(uniform() * items.length)]!,
  };
}
