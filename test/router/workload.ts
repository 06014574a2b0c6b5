import type { Embedder } from "../../lib/prediction/embedder.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";

/** A simulated workload small enough to be fitted in every test. */
export const workload = simulateWorkload({ records: 400, queries: 120, seed: 7 });

/** An embedder without a synchronous path, as a remote one is: letters counted. */
export function letterEmbedder(fingerprint = "letters"): Embedder {
  const dimension = 26;
  return {
    dimension,
    fingerprint,
    async embed(texts) {
      const out = new Float32Array(texts.length * dimension);
      texts.forEach((text, row) => {
        for (const letter of text.toLowerCase()) {
          const column = letter.charCodeAt(0) - 97;
          if (column >= 0 && column < dimension) out[row * dimension + column]! += 1;
        }
        const norm = Math.hypot(...out.subarray(row * dimension, (row + 1) * dimension));
        if (norm > 0) for (let c = 0; c < dimension; c++) out[row * dimension + c]! /= norm;
      });
      return out;
    },
  };
}
