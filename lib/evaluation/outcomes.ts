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
}

/** @param billing of the whole set that the history is of */
export function outcomesOf(history: History, pool: ModelPool, billing: Billing): Outcomes {
  const { cost } = billing.costs(history);
  return { rows: history.size, width: pool.size, quality: history.quality, cost };
}

/** Whether both the quality and the cost of a cell are known. */
export function isKnown({ quality, cost }: Outcomes, cell: number): boolean {
  return !Number.isNaN(quality[cell]!) && !Number.isNaN(cost[cell]!);
}

/**
 * Replays a choice. A query whose chosen model has no known outcome counts for nothing, neither for nor against: `known`
 * says how many are left.
 *
 * @param choice per query of `rows`, the column of its model
 * @param rows the queries, by row of the outcomes; all of them, in their order, unless given
 */
export function realise(outcomes: Outcomes, choice: Uint8Array, rows?: Int32Array): Realised {
  const { width, quality, cost } = outcomes;
  let [sum, squares, usd, known] = [0, 0, 0, 0];
  for (let i = 0; i < choice.length; i++) {
    const cell = (rows === undefined ? i : rows[i]!) * width + choice[i]!;
    if (!isKnown(outcomes, cell)) continue;
    sum += quality[cell]!;
    squares += quality[cell]! ** 2;
    usd += cost[cell]!;
    known++;
  }
  const mean = sum / known;
  return { quality: mean, cost: usd / known, variance: Math.max(0, squares / known - mean * mean), known };
}

/** Mean of every column's known values; NaN for a column without any. */
export function columnMeans(matrix: Float32Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  matrix.forEach((value, cell) => {
    if (Number.isNaN(value)) return;
    sums[cell % width]! += value;
    counts[cell % width]!++;
  });
  return sums.map((sum, column) => sum / counts[column]!);
}

/**
 * Mean quality and cost of every model. A model of which nothing is known counts as the worst of all: no quality, at the
 * price of the dearest.
 */
export function modelMeans({ quality, cost, width }: Outcomes): {
  readonly quality: Float64Array;
  readonly cost: Float64Array;
} {
  const costs = columnMeans(cost, width);
  const dearest = costs.reduce((most, mean) => (mean > most ? mean : most), 0);
  return {
    quality: columnMeans(quality, width).map(mean => (Number.isNaN(mean) ? 0 : mean)),
    cost: costs.map(mean => (Number.isNaN(mean) ? dearest : mean)),
  };
}
