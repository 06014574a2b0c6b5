/** A small seeded generator (mulberry32), so that every run tests the same vectors. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Vectors as embedders make them: clusters in a subspace plus noise, of length 1 (i.i.d. ones are a graph's worst case). */
export function embeddings(rows: number, dimension: number, seed: number): Float32Array {
  const latent = 8;
  const clusters = 30;
  const shape = seeded(1);
  const basis = Float64Array.from({ length: latent * dimension }, () => shape() - 0.5);
  const centres = Float64Array.from({ length: clusters * latent }, () => 4 * (shape() - 0.5));
  const random = seeded(seed);
  const out = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; ++row) {
    const cluster = Math.floor(random() * clusters);
    const point = Array.from({ length: latent }, (_, l) => centres[cluster * latent + l]! + random() - 0.5);
    const vector = Array.from({ length: dimension }, (_, i) =>
      point.reduce((sum, z, l) => sum + z * basis[l * dimension + i]!, 0.2 * (random() - 0.5)),
    );
    const length = Math.hypot(...vector);
    out.set(
      vector.map(x => x / length),
      row * dimension,
    );
  }
  return out;
}

/** The exact answer by sorting everything, in double precision. */
export function bruteForce(
  vectors: Float32Array,
  query: Float32Array,
  dimension: number,
): { id: number; similarity: number }[] {
  return Array.from({ length: vectors.length / dimension }, (_, id) => {
    let similarity = 0;
    for (let i = 0; i < dimension; ++i) similarity += vectors[id * dimension + i]! * query[i]!;
    return { id, similarity };
  }).sort((a, b) => b.similarity - a.similarity || a.id - b.id);
}
