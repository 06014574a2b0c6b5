import { capacityOf, overrun } from "./capacity.js";
import { mixOf, type RealisedCurve, realiseCurve } from "./curves.js";
import type { EvaluationSplit } from "./evaluation-split.js";
import type { FittedMethod } from "./methods/method.js";
import { allRows } from "./methods/scored.js";
import { singleModels } from "./methods/tuning.js";
import { brier, expectedCalibrationError, type ReliabilityBin, reliability } from "./metrics/calibration.js";
import { averageImprovement, costRatio, peak } from "./metrics/curve.js";
import { auc } from "./metrics/discrimination.js";
import { type FloorRun, floorRun } from "./metrics/floors.js";
import { realise } from "./outcomes.js";

/** Shares of the best single model's quality of which the cost is told: CR, CR99, CR95. */
export const MATCH_SHARES = [1, 0.99, 0.95];

/** Batches of one size that are routed in each split at most; the first of them. */
const MOST_BATCHES = 10;

/** What every method of a split is measured against. */
export interface Reference {
  /** The best single model of the history. */
  readonly column: number;
  /** Its mean in the history, of which floors are shares: what a user knows when asking. */
  readonly historyQuality: number;
  /** What it came to on the held-out queries. */
  readonly quality: number;
  readonly cost: number;
  /** Effective sample size of these. */
  readonly effective: number;
  /** The cheapest single model on the held-out queries: where every curve starts. */
  readonly cheapest: { readonly quality: number; readonly cost: number };
}

export interface ModelPrediction {
  readonly auc: number;
  readonly brier: number;
  readonly reliability: readonly ReliabilityBin[];
  readonly ece: number;
}

export interface CapacityRun {
  readonly peak: number;
  readonly aiq: number;
  readonly match: readonly { readonly ratio: number; readonly matched: boolean }[];
  /** Quality and cost of each point, relative to the reference. */
  readonly curve: readonly (readonly [number, number])[];
  readonly mix: readonly (readonly number[])[];
  /** By batch size, then floor. */
  readonly floors: readonly FloorRun[];
  readonly violations: number;
  readonly judged: number;
}

export interface MethodRun {
  readonly chosen?: string;
  /** Per model. */
  readonly prediction?: readonly ModelPrediction[];
  /** By capacity. */
  readonly capacities: readonly CapacityRun[];
}

export interface Conditions {
  readonly capacities: readonly number[];
  /** Shares of the best single model's quality. */
  readonly floors: readonly number[];
  readonly batches: readonly ("all" | number)[];
}

export function referenceOf({ outcomes: { history, heldOut } }: EvaluationSplit): Reference {
  const { cheapest, best } = singleModels(history);
  const all = (column: number, outcomes: typeof heldOut) =>
    realise(outcomes, new Uint8Array(outcomes.rows).fill(column));
  const { quality, cost, effective } = all(best, heldOut);
  return {
    column: best,
    historyQuality: all(best, history).quality,
    quality,
    cost,
    effective,
    cheapest: all(cheapest, heldOut),
  };
}

/** Measures one fitted method on the held-out queries of its split. */
export async function runMethod(
  split: EvaluationSplit,
  fitted: FittedMethod,
  reference: Reference,
  conditions: Conditions,
): Promise<MethodRun> {
  const capacities: CapacityRun[] = [];
  for (const share of conditions.capacities) {
    split.signal?.throwIfAborted();
    capacities.push(await runCapacity(split, fitted, reference, conditions, share));
  }
  return {
    ...(fitted.chosen === undefined ? {} : { chosen: fitted.chosen }),
    ...(fitted.predicted === undefined ? {} : { prediction: predictionOf(split, fitted.predicted.quality) }),
    capacities,
  };
}

function predictionOf(
  { outcomes: { heldOut }, pool }: EvaluationSplit,
  quality: Float32Array,
): ModelPrediction[] {
  return pool.names.map((_, column) => {
    const columnOf = (matrix: Float32Array) =>
      Float32Array.from({ length: heldOut.rows }, (_, row) => matrix[row * heldOut.width + column]!);
    const [predicted, realised] = [columnOf(quality), columnOf(heldOut.quality)];
    const bins = reliability(predicted, realised);
    return {
      auc: auc(predicted, realised),
      brier: brier(predicted, realised),
      reliability: bins,
      ece: expectedCalibrationError(bins),
    };
  });
}

async function runCapacity(
  split: EvaluationSplit,
  fitted: FittedMethod,
  reference: Reference,
  { floors, batches }: Conditions,
  share: number,
): Promise<CapacityRun> {
  const { heldOut } = split.outcomes;
  const curve = realiseCurve(heldOut, await fitted.curve(share));
  let violations = 0;
  const count = (choice: Uint8Array) => {
    violations += overrun(choice, heldOut.width, capacityOf(share, choice.length));
  };
  curve.choices.forEach(count);
  const runs: FloorRun[] = [];
  for (const batch of batches)
    for (const floor of floors) {
      const size = batch === "all" ? heldOut.rows : batch;
      const target = floor * reference.historyQuality;
      const routed = [];
      for (const rows of batchesOf(heldOut.rows, size)) {
        split.signal?.throwIfAborted();
        const decision = await fitted.route(rows, target, share);
        if (!decision.refused) count(decision.choice);
        routed.push({ rows, decision, realised: realise(heldOut, decision.choice, rows) });
      }
      runs.push(floorRun(heldOut, curve, target, size, routed));
    }
  return {
    ...curveRun(curve, reference, heldOut.width),
    floors: runs,
    violations,
  };
}

function curveRun({ points, choices }: RealisedCurve, reference: Reference, width: number) {
  // Of a point whose choices have no known outcome at all, nothing is known.
  const judged = points.filter(({ known }) => known > 0);
  const queries = choices.reduce((sum, choice) => sum + choice.length, 0);
  return {
    judged: points.reduce((sum, { known }) => sum + known, 0) / queries,
    peak: judged.length === 0 ? Number.NaN : peak(judged),
    aiq: averageImprovement(judged, reference.cheapest, [reference.cheapest.cost, reference.cost]),
    match: MATCH_SHARES.map(share => costRatio(points, share * reference.quality, reference.cost)),
    curve: points.map(
      ({ quality, cost }) => [quality / reference.quality, cost / reference.cost] as [number, number],
    ),
    mix: choices.map(choice => mixOf(choice, width)),
  };
}

/** The held-out queries, in their random order, cut into batches; what does not fill one is left out. */
export function batchesOf(rows: number, size: number): Int32Array[] {
  const all = allRows(rows);
  const count = Math.min(MOST_BATCHES, Math.floor(rows / size));
  return Array.from({ length: count }, (_, b) => all.subarray(b * size, (b + 1) * size));
}
