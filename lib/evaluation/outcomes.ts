import type { History } from "../history/history.js";
import type { ModelPool } from "../pool/pool.js";
import type { Billing } from "./billing.js";

/** What came of the graded answers of some queries: matrices `[rows x width]`, row-major, NaN = unknown. */
export interface Outcomes {
  readonly rows: number;
  readonly width: number;
  readonly quality: Float32Array;
  /** USD. */
  readonly cost: Float32Array;
  /**
   * The probability of each outcome to be observed (`Evidence.propensity`), NaN where that is not known; absent for a set of
   * which every outcome is.
   */
  readonly propensity?: Float32Array;
}

/** What came of a choice of models, over the queries whose chosen model's outcome is known. */
export interface Realised {
  /** Mean quality. */
  readonly quality: number;
  /** Mean cost of a query, USD. */
  readonly cost: number;
  /** Variance of the quality of one query. */
  readonly variance: number;
  /** Queries with a known outcome of their chosen model. */
  readonly known: number;
  /** Effective sample size: as many outcomes of equal weight would say as much. */
  readonly effective: number;
}

/**
 * @param billing of the whole set that the history is of
 * @param propensity of the history's outcomes, where not all are known
 */
export function outcomesOf(
  history: History,
  pool: ModelPool,
  billing: Billing,
  propensity?: Float32Array,
): Outcomes {
  const { cost } = billing.costs(history);
  return {
    rows: history.size,
    width: pool.size,
    quality: history.quality,
    cost,
    ...(propensity === undefined ? {} : { propensity }),
  };
}

/** Whether both the quality and the cost of a cell are known. */
export function isKnown({ quality, cost }: Outcomes, cell: number): boolean {
  return !Number.isNaN(quality[cell]!) && !Number.isNaN(cost[cell]!);
}

/**
 * Replays a choice. A query whose chosen model has no known outcome counts for nothing, neither for nor against: `known`
 * says how many are left. Where outcomes were observed with different probabilities, each stands for as many as the inverse of
 * its own, and those of a model for all queries that it is given (self-normalized inverse-probability weighting, as promises
 * rest on: floors/residuals.ts); one whose probability is not known counts for nothing.
 *
 * @param choice per query of `rows`, the column of its model
 * @param rows the queries, by row of the outcomes; all of them, in their order, unless given
 */
export function realise(outcomes: Outcomes, choice: Uint8Array, rows?: Int32Array): Realised {
  const { width, quality, cost, propensity } = outcomes;
  const chosen = new Float64Array(width);
  const observed = new Float64Array(width);
  const cells: number[] = [];
  for (let i = 0; i < choice.length; i++) {
    const model = choice[i]!;
    const cell = (rows === undefined ? i : rows[i]!) * width + model;
    chosen[model]!++;
    if (!isKnown(outcomes, cell) || !(weightOf(propensity, cell) > 0)) continue;
    observed[model]! += weightOf(propensity, cell);
    cells.push(cell);
  }
  let [sum, squares, usd, total, squaredWeights] = [0, 0, 0, 0, 0];
  for (const cell of cells) {
    const model = cell % width;
    // Without propensities every known outcome counts alike, as a missing one says nothing of why it is missing.
    const weight =
      propensity === undefined ? 1 : (weightOf(propensity, cell) * chosen[model]!) / observed[model]!;
    sum += weight * quality[cell]!;
    squares += weight * quality[cell]! ** 2;
    usd += weight * cost[cell]!;
    total += weight;
    squaredWeights += weight * weight;
  }
  const mean = sum / total;
  return {
    quality: mean,
    cost: usd / total,
    variance: Math.max(0, squares / total - mean * mean),
    known: cells.length,
    effective: total > 0 ? total ** 2 / squaredWeights : 0,
  };
}

function weightOf(propensity: Float32Array | undefined, cell: number): number {
  return propensity === undefined ? 1 : 1 / propensity[cell]!;
}

/**
 * Mean of every column's known values; NaN for a column without any.
 *
 * @param propensity as in {@link Outcomes}: each value counts by the inverse of its own
 */
export function columnMeans(matrix: Float32Array, width: number, propensity?: Float32Array): Float64Array {
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  matrix.forEach((value, cell) => {
    const weight = weightOf(propensity, cell);
    if (Number.isNaN(value) || !(weight > 0)) return;
    sums[cell % width]! += weight * value;
    counts[cell % width]! += weight;
  });
  return sums.map((sum, column) => sum / counts[column]!);
}

/**
 * Mean quality and cost of every model. A model of which nothing is known counts as the worst of all: no quality, at the
 * price of the dearest.
 */
export function modelMeans({ quality, cost, width, propensity }: Outcomes): {
  readonly quality: Float64Array;
  readonly cost: Float64Array;
} {
  const costs = columnMeans(cost, width, propensity);
  const dearest = costs.reduce((most, mean) => (mean > most ? mean : most), 0);
  return {
    quality: columnMeans(quality, width, propensity).map(mean => (Number.isNaN(mean) ? 0 : mean)),
    cost: costs.map(mean => (Number.isNaN(mean) ? dearest : mean)),
  };
}
