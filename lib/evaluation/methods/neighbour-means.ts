import type { EvaluationSplit, Neighbours } from "../evaluation-split.js";
import { modelMeans } from "../outcomes.js";
import type { Side } from "./method.js";

/** Estimates of every query and model, `[rows x models]`. */
export interface Estimates {
  readonly quality: Float32Array;
  readonly cost: Float32Array;
}

/**
 * Plain means of the k nearest queries' outcomes: neighbours without one of a model count for nothing there, and a model
 * without any has its mean over the history. The history's own queries have neighbours of other folds only.
 */
export function neighbourMeans(split: EvaluationSplit, side: Side, k: number): Estimates {
  const { quality, cost } = split.outcomes.history;
  const overall = modelMeans(split.outcomes.history);
  const neighbours = split.neighbours[side];
  const fold = side === "history" ? split.fold : undefined;
  return {
    quality: meansOf(quality, overall.quality, neighbours, k, fold),
    cost: meansOf(cost, overall.cost, neighbours, k, fold),
  };
}

function meansOf(
  values: Float32Array,
  overall: Float64Array,
  { ids, k: listed }: Neighbours,
  k: number,
  fold: Uint8Array | undefined,
): Float32Array {
  const rows = listed === 0 ? 0 : ids.length / listed;
  const width = overall.length;
  const means = new Float32Array(rows * width);
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    counts.fill(0);
    for (let place = 0, taken = 0; place < listed && taken < k; place++) {
      const id = ids[row * listed + place]!;
      if (id < 0) break;
      if (fold !== undefined && fold[id] === fold[row]) continue;
      taken++;
      for (let j = 0; j < width; j++) {
        const value = values[id * width + j]!;
        if (Number.isNaN(value)) continue;
        sums[j]! += value;
        counts[j]!++;
      }
    }
    for (let j = 0; j < width; j++)
      means[row * width + j] = counts[j]! > 0 ? sums[j]! / counts[j]! : overall[j]!;
  }
  return means;
}
