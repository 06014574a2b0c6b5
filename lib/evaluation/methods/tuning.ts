import { chooseWithSpill } from "../capacity.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { averageImprovement } from "../metrics/curve.js";
import { columnMeans, realise } from "../outcomes.js";
import type { Rules } from "./method.js";
import { allRows } from "./scored.js";

/** Every method that has a hyper-parameter chooses among so many. */
const CANDIDATES = 5;

/**
 * The candidate whose rules come to the most on the history, predicted out of fold: by AIQ between the costs of the
 * cheapest and of the best single model. The first of equals.
 */
export function bestCandidate<T>(
  split: EvaluationSplit,
  candidates: readonly T[],
  rulesOf: (candidate: T) => Rules,
): T {
  if (candidates.length !== CANDIDATES) throw new RangeError(`every method has ${CANDIDATES} candidates`);
  const values = candidates.map(candidate => improvementOnHistory(split, rulesOf(candidate)));
  return candidates[values.indexOf(Math.max(...values))] ?? candidates[0]!;
}

function improvementOnHistory({ outcomes: { history }, signal }: EvaluationSplit, rules: Rules): number {
  signal?.throwIfAborted();
  const rows = allRows(history.rows);
  const curve = Array.from({ length: rules.count }, (_, point) =>
    realise(history, chooseWithSpill(rows, history.width, rules.score(point), history.rows)),
  ).filter(({ known }) => known > 0);
  const { cheapest, best } = singleModels(history);
  const [floor, ceiling] = [cheapest, best].map(column =>
    realise(history, new Uint8Array(history.rows).fill(column)),
  );
  return averageImprovement(curve, floor!, [floor!.cost, ceiling!.cost]);
}

/** Columns of the cheapest and of the best model by their means, among those with graded outcomes. */
export function singleModels({
  quality,
  cost,
  width,
  propensity,
}: Pick<EvaluationSplit["outcomes"]["history"], "quality" | "cost" | "width" | "propensity">): {
  readonly cheapest: number;
  readonly best: number;
} {
  const [qualities, costs] = [columnMeans(quality, width, propensity), columnMeans(cost, width, propensity)];
  let [cheapest, best] = [-1, -1];
  qualities.forEach((mean, column) => {
    if (Number.isNaN(mean) || Number.isNaN(costs[column]!)) return;
    if (best < 0 || mean > qualities[best]!) best = column;
    if (cheapest < 0 || costs[column]! < costs[cheapest]!) cheapest = column;
  });
  return { cheapest, best };
}
