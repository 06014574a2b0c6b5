import type { Decision } from "../methods/method.js";
import { type Outcomes, type Realised, realise } from "../outcomes.js";

/** One-sided 95 % point of the normal distribution. */
export const Z95 = 1.6448536269514722;

/** A batch that was routed under a floor, and what came of it. */
export interface RoutedBatch {
  readonly rows: Int32Array;
  readonly decision: Decision;
  readonly realised: Realised;
}

/** How batches of one size fared under one floor in one split. */
export interface FloorRun {
  /** Those of which anything is known: that they were refused, or an outcome. */
  readonly batches: number;
  readonly refused: number;
  readonly met: number;
  /** Of the batches not refused; NaN without one. */
  readonly quality: number;
  readonly cost: number;
  readonly slack: number;
  readonly worst: number;
  /** Sum over the batches not refused. */
  readonly shortfall: number;
  /** NaN where no price reaches it, or every batch was refused. */
  readonly overHindsight: number;
  readonly overMargin: number;
  /** Whether no price reaches the floor plus the margin. */
  readonly beyond: boolean;
}

/**
 * The cheapest point of a curve whose realised quality reaches a floor by the sampling margin of a batch: by so many
 * standard errors of the mean of so many queries, drawn as they are by that very point. -1 where none does. No policy
 * of the same predictor could promise a floor with that confidence any cheaper, even knowing what will come of it.
 */
export function hindsightPoint(curve: readonly Realised[], floor: number, batch: number, z: number): number {
  let best = -1;
  curve.forEach(({ quality, cost, variance }, point) => {
    if (!(quality - z * Math.sqrt(variance / batch) >= floor - 1e-12)) return; // NaN too: nothing is known of it
    if (best < 0 || cost < curve[best]!.cost) best = point;
  });
  return best;
}

/** @param curve of the same method, over all held-out queries of the split: its choices and what they came to */
export function floorRun(
  outcomes: Outcomes,
  curve: { readonly choices: readonly Uint8Array[]; readonly points: readonly Realised[] },
  floor: number,
  size: number,
  routed: readonly RoutedBatch[],
): FloorRun {
  const judged = routed.filter(({ decision, realised }) => decision.refused || realised.known > 0);
  const accepted = judged.filter(({ decision }) => !decision.refused);
  const slacks = accepted.map(({ realised }) => realised.quality - floor);
  const mean = (values: readonly number[]) =>
    values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
  const costOf = (batches: readonly Realised[]) =>
    batches.reduce((sum, { cost, known }) => sum + cost * known, 0);
  const over = (point: number) => {
    const choice = curve.choices[point];
    if (choice === undefined || accepted.length === 0) return Number.NaN;
    const reference = accepted.map(({ rows }) =>
      realise(
        outcomes,
        Uint8Array.from(rows, row => choice[row]!),
        rows,
      ),
    );
    return costOf(accepted.map(({ realised }) => realised)) / costOf(reference);
  };
  const withMargin = hindsightPoint(curve.points, floor, size, Z95);
  return {
    batches: judged.length,
    refused: judged.length - accepted.length,
    met: slacks.filter(slack => slack >= -1e-12).length,
    quality: mean(accepted.map(({ realised }) => realised.quality)),
    cost: mean(accepted.map(({ realised }) => realised.cost)),
    slack: mean(slacks),
    worst: accepted.length === 0 ? Number.NaN : Math.min(...slacks),
    shortfall: slacks.reduce((sum, slack) => sum + Math.max(0, -slack), 0),
    overHindsight: over(hindsightPoint(curve.points, floor, size, 0)),
    overMargin: over(withMargin),
    beyond: withMargin < 0,
  };
}
