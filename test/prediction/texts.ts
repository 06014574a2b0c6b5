/** A small corpus on three subjects, different for every seed. */
export function corpus(count: number, seed = 1): string[] {
  const subjects = [
    ["integral", "derivative", "matrix", "theorem", "prove", "polynomial"],
    ["enzyme", "protein", "cell", "membrane", "mitosis", "tissue"],
    ["court", "contract", "plaintiff", "liable", "statute", "negligence"],
  ];
  const random = lcg(seed);
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 12 }, () => subjects[i % 3]![Math.floor(random() * 6)]!).join(" "),
  );
}

/** Uniform in [0, 1): Numerical Recipes' linear congruential generator. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
