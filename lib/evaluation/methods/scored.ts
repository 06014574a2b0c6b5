import { capacityOf, chooseWithSpill } from "../capacity.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { type Realised, realise } from "../outcomes.js";
import type { FittedMethod, Predicted, Rules, Side } from "./method.js";

export interface ScoredMethod {
  readonly predicted?: Predicted;
  readonly chosen?: string;
  /**
   * The same rules for either side, point by point: on the history from out-of-fold predictions, so that what they come to
   * there can be trusted.
   */
  rules(side: Side, share: number): Rules;
}

/**
 * A method that scores each query by itself. Where a model may not take all it is given, the queries that come too late
 * spill over to their next best; and to keep a floor it takes the rule that was the cheapest to reach it on the history,
 * out of fold, or the best one where none did.
 */
export function fitScored(split: EvaluationSplit, method: ScoredMethod): FittedMethod {
  const all = { history: allRows(split.history.size), heldOut: allRows(split.heldOut.size) };
  const width = split.pool.size;
  const chooseAt = (side: Side, share: number, point: number, rows: Int32Array) =>
    chooseWithSpill(rows, width, method.rules(side, share).score(point), capacityOf(share, rows.length));
  const onHistory = new Map<number, Realised[]>();
  const historyCurve = (share: number) => {
    let curve = onHistory.get(share);
    if (curve === undefined) {
      curve = points(method.rules("history", share)).map(point =>
        realise(split.outcomes.history, chooseAt("history", share, point, all.history)),
      );
      onHistory.set(share, curve);
    }
    return curve;
  };
  return {
    ...(method.predicted === undefined ? {} : { predicted: method.predicted }),
    ...(method.chosen === undefined ? {} : { chosen: method.chosen }),
    async curve(share) {
      return points(method.rules("heldOut", share)).map(point =>
        chooseAt("heldOut", share, point, all.heldOut),
      );
    },
    async route(rows, floor, share) {
      const point = cheapestReaching(historyCurve(share), floor);
      return { choice: chooseAt("heldOut", share, point, rows), refused: false };
    },
  };
}

/** The cheapest point of at least this quality; the best where there is none. */
export function cheapestReaching(curve: readonly Realised[], floor: number): number {
  let [best, reached] = [0, false];
  curve.forEach(({ quality, cost }, point) => {
    const reaches = quality >= floor;
    const better = reaches
      ? !reached || cost < curve[best]!.cost
      : !reached && (quality > curve[best]!.quality || Number.isNaN(curve[best]!.quality));
    if (better) best = point;
    reached ||= reaches;
  });
  return best;
}

export function allRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => row);
}

function points({ count }: Rules): number[] {
  return Array.from({ length: count }, (_, point) => point);
}
