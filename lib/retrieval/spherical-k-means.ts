import { seededRandom } from "../random.js";
import { VectorIndex } from "./vector-index.js";

/** Vectors of unit length (or 0), `[rows x dimension]`. */
export interface UnitVectors {
  readonly vectors: Float32Array;
  readonly dimension: number;
}

/** Lloyd's iterations at most; these sets stop moving well before. */
const MOST_ITERATIONS = 30;

/**
 * Centres of k clusters by cosine (Dhillon and Modha 2001), `[k x dimension]`; started from k random vectors. A cluster that
 * loses all its vectors stays where it was.
 */
export function sphericalKMeans({ vectors, dimension }: UnitVectors, k: number, seed: number): Float32Array {
  const rows = vectors.length / dimension;
  const random = seededRandom(seed);
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const centres = new Float32Array(Math.min(k, rows) * dimension);
  for (let c = 0; c * dimension < centres.length; c++) {
    const other = c + Math.floor(random.uniform() * (rows - c));
    [order[c], order[other]] = [order[other]!, order[c]!];
    centres.set(vectors.subarray(order[c]! * dimension, (order[c]! + 1) * dimension), c * dimension);
  }
  let assigned = new Int32Array(rows).fill(-1);
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const now = nearestCentres(centres, { vectors, dimension }, 1);
    if (now.every((cluster, row) => cluster === assigned[row])) break;
    assigned = now;
    const sums = new Float64Array(centres.length);
    for (let row = 0; row < rows; row++)
      for (let d = 0; d < dimension; d++)
        sums[assigned[row]! * dimension + d]! += vectors[row * dimension + d]!;
    for (let start = 0; start < centres.length; start += dimension) {
      const sum = sums.subarray(start, start + dimension);
      const norm = Math.hypot(...sum);
      if (norm > 0) for (let d = 0; d < dimension; d++) centres[start + d] = sum[d]! / norm;
    }
  }
  return centres;
}

/** Numbers of the `count` nearest centres of each vector, nearest first: `[rows x count]`. */
export function nearestCentres(
  centres: Float32Array,
  { vectors, dimension }: UnitVectors,
  count: number,
): Int32Array<ArrayBuffer> {
  const index = new VectorIndex(dimension, { kind: "flat" });
  index.add(centres);
  return Int32Array.from(index.search(vectors, Math.min(count, index.size)).ids);
}
