import { splitQueries } from "../../lib/evaluation/splits.js";
import { type History, type ModelPool, Router } from "../../lib/index.js";

/** What became of floors on random splits of a real set. */
export interface SplitCounts {
  readonly splits: number;
  readonly floor: number;
  readonly given: number;
  readonly kept: number;
  /** Bare floors that were met; mean of realized quality minus the floor, and its standard error, clustered by query. */
  readonly met: number;
  readonly slack: number;
  readonly error: number;
}

const HISTORY_SHARE = 0.7;
const CONFIDENCE = 0.95;

/**
 * Floors at a share of the best single model's quality, on so many splits; all held-out queries are one batch.
 *
 * Splits share queries, so that their slacks are not independent: the standard error sums each query's contributions over all
 * splits before it squares them.
 */
export async function runSplits(
  history: History,
  pool: ModelPool,
  share: number,
  splits: number,
): Promise<SplitCounts> {
  const width = pool.size;
  const contributions = new Float64Array(history.size);
  let [given, kept, met, slackSum, floorSum] = [0, 0, 0, 0, 0];
  const perSplit: { rows: Int32Array; deviations: Float64Array }[] = [];
  for (let seed = 1; seed <= splits; seed++) {
    const parts = splitQueries(history.queries, HISTORY_SHARE, seed);
    const learned = history.select(parts.history);
    const floor = share * bestSingle(learned, width);
    floorSum += floor;
    const router = await Router.fit(learned, pool, { seed });
    const queries = Array.from(parts.heldOut, row => {
      const inputTokens = history.inputTokens[row]!;
      const query = history.queries[row]!;
      return Number.isNaN(inputTokens) ? { query } : { query, inputTokens };
    });
    const gradesOf = (choice: Uint8Array) =>
      Float64Array.from(parts.heldOut, (row, i) => history.quality[row * width + choice[i]!]!);
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const promised = await router.route(queries, { minQuality: floor, confidence: CONFIDENCE });
    if (promised.feasible) {
      given++;
      if (mean(gradesOf(promised.choice)) >= floor - 1e-9) kept++;
    }
    const bare = await router.route(queries, { minQuality: floor }, { relax: true });
    const grades = gradesOf(bare.choice);
    const slack = mean(grades) - floor;
    if (slack >= -1e-9) met++;
    slackSum += slack;
    perSplit.push({ rows: parts.heldOut, deviations: grades.map(grade => (grade - floor) / grades.length) });
  }
  const slack = slackSum / splits;
  for (const { rows, deviations } of perSplit)
    deviations.forEach((deviation, i) => {
      contributions[rows[i]!]! += (deviation - slack / deviations.length) / splits;
    });
  const error = Math.sqrt(contributions.reduce((sum, each) => sum + each * each, 0));
  return { splits, floor: floorSum / splits, given, kept, met, slack, error };
}

function bestSingle({ quality, size }: History, width: number): number {
  let best = 0;
  for (let j = 0; j < width; j++) {
    let [sum, known] = [0, 0];
    for (let at = j; at < size * width; at += width) {
      if (Number.isNaN(quality[at])) continue;
      sum += quality[at]!;
      known++;
    }
    if (known > 0) best = Math.max(best, sum / known);
  }
  return best;
}
