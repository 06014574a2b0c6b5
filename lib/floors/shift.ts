import { normalQuantile } from "./quantiles.js";
import type { FloorHistory } from "./residuals.js";

/** Where a batch's queries lie among the history's. */
export interface BatchLikeness {
  /** `[queries]`: the cluster of the history (`Clusters`) that each query is nearest to. */
  readonly cluster: Uint8Array;
  /** `[queries]`: `Predictions.nearest`. */
  readonly nearest: Float32Array;
}

/** How a batch's queries differ from the history's. */
export interface Shift {
  /**
   * Distance in total variation between the shares of the history's clusters in the batch and in the history, 0 to 1. The
   * history is reweighted to the batch's shares, so that this alone does no harm but to the sample size.
   */
  readonly mix: number;
  /**
   * How far the queries are from all that the history holds, 0 to 1: 0 where each is as near to the history as the
   * history's own queries are to each other, 1 where each is farther than any of these.
   */
  readonly novelty: number;
}

/** The confidence with which a batch must be farther away than chance explains before it counts as new. */
const NOVELTY_CONFIDENCE = 0.95;

/**
 * Compares queries with the history's.
 *
 * Nearness is compared within a query's cluster, as clusters of queries that are unlike each other are no news: a query's rank
 * among its cluster's own rows, each without itself, is uniform for a query like them.
 *
 * @returns the shift, and `[rows]` weights of the history's rows that give its clusters the batch's shares. Of few queries
 *   shares are drawn to the history's by one query for each cluster (a Dirichlet prior).
 */
export function shiftOf(
  { cluster, nearest }: BatchLikeness,
  { outOfFold, evidence }: FloorHistory,
): { readonly shift: Shift; readonly weights: Float64Array } {
  const { of, centres, dimension } = evidence.clusters;
  const count = Math.max(1, centres.length / dimension);
  const rows = outOfFold.rows;
  const inHistory = new Float64Array(count);
  const ownNearest: number[][] = Array.from({ length: count }, () => []);
  for (let row = 0; row < rows; row++) {
    ownNearest[of[row]!]!.push(outOfFold.nearest[row]!);
    if (evidence.known[row] !== 0) inHistory[of[row]!]!++;
  }
  const known = inHistory.reduce((sum, each) => sum + each, 0);
  const inBatch = new Float64Array(count);
  for (const each of cluster) inBatch[each]!++;
  const n = cluster.length;

  let mix = 0;
  const ratio = inHistory.map((own, c) => {
    const share = own / Math.max(known, 1);
    const there = (inBatch[c]! + count * share) / (n + count);
    mix += Math.abs(inBatch[c]! / n - share) / 2;
    return own === 0 ? 0 : there / share;
  });
  const weights = Float64Array.from({ length: rows }, (_, row) => ratio[of[row]!]!);

  for (const each of ownNearest) each.sort((a, b) => a - b);
  let rank = 0;
  cluster.forEach((c, query) => {
    rank += rankIn(ownNearest[c]!, nearest[query]!);
  });
  // The mean of n uniform ranks has variance 1 / (12 n).
  const chance = normalQuantile(NOVELTY_CONFIDENCE) / Math.sqrt(12 * n);
  const novelty = Math.min(1, Math.max(0, 2 * (0.5 - rank / n - chance)));
  return { shift: { mix, novelty }, weights };
}

/** The share of sorted values that lie below a value, those equal to it by half. */
function rankIn(sorted: readonly number[], value: number): number {
  if (sorted.length === 0) return 0;
  const before = (isBefore: (each: number) => boolean) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(sorted[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (before(each => each < value) + before(each => each <= value)) / (2 * sorted.length);
}
