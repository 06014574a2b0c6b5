import { meanByPoint } from "./curves.js";
import type { Method } from "./methods/method.js";
import { pooled } from "./metrics/calibration.js";
import type { CapacityResults, FloorResults, MethodResults, PredictionResults } from "./results.js";
import {
  type CapacityRun,
  type Conditions,
  MATCH_SHARES,
  type MethodRun,
  type ModelPrediction,
} from "./split-run.js";
import { meanOf, statOf } from "./statistics.js";

/** One method's runs, one a split, as means and standard errors. */
export function summarise(
  { id, label, about }: Method,
  runs: readonly MethodRun[],
  models: readonly string[],
  conditions: Conditions,
): MethodResults {
  const predictions = runs.map(({ prediction }) => prediction).filter(prediction => prediction !== undefined);
  return {
    id,
    label,
    about,
    chosen: runs.map(({ chosen }) => chosen).filter(chosen => chosen !== undefined),
    ...(predictions.length === 0 ? {} : { prediction: summarisePrediction(predictions, models) }),
    capacities: conditions.capacities.map((capacity, c) =>
      summariseCapacity(
        capacity,
        runs.map(run => run.capacities[c]!),
        conditions,
      ),
    ),
  };
}

function summarisePrediction(
  splits: readonly (readonly ModelPrediction[])[],
  models: readonly string[],
): PredictionResults {
  const overModels = (key: "auc" | "brier" | "ece") =>
    statOf(splits.map(split => meanOf(split.map(model => model[key]))));
  return {
    auc: overModels("auc"),
    brier: overModels("brier"),
    ece: overModels("ece"),
    reliability: pooled(splits.flat().map(({ reliability }) => reliability)),
    models: models.map((model, column) => {
      const own = splits.map(split => split[column]!);
      return {
        model,
        auc: statOf(own.map(({ auc }) => auc)),
        brier: statOf(own.map(({ brier }) => brier)),
        ece: statOf(own.map(({ ece }) => ece)),
        reliability: pooled(own.map(({ reliability }) => reliability)),
      };
    }),
  };
}

function summariseCapacity(
  capacity: number,
  runs: readonly CapacityRun[],
  { floors, batches }: Conditions,
): CapacityResults {
  return {
    capacity,
    peak: statOf(runs.map(run => run.peak)),
    aiq: statOf(runs.map(run => run.aiq)),
    match: MATCH_SHARES.map((share, i) => ({
      share,
      ...statOf(runs.map(run => run.match[i]!.ratio)),
      never: runs.filter(run => !run.match[i]!.matched).length,
    })),
    curve: meanByPoint(runs.map(run => run.curve)).map(([quality, cost]) => ({
      quality: quality!,
      cost: cost!,
    })),
    mix: meanByPoint(runs.map(run => run.mix)),
    floors: batches.flatMap((batch, b) =>
      floors.map((share, f) =>
        summariseFloor(
          share,
          batch,
          runs.map(run => run.floors[b * floors.length + f]!),
        ),
      ),
    ),
    violations: runs.reduce((sum, run) => sum + run.violations, 0),
    judged: statOf(runs.map(run => run.judged)),
  };
}

function summariseFloor(
  share: number,
  batch: "all" | number,
  runs: readonly CapacityRun["floors"][number][],
): FloorResults {
  const total = (key: "batches" | "refused" | "met" | "shortfall") =>
    runs.reduce((sum, run) => sum + run[key], 0);
  const accepted = total("batches") - total("refused");
  const stat = (key: "quality" | "cost" | "slack" | "overHindsight" | "overMargin") =>
    statOf(runs.map(run => run[key]));
  return {
    share,
    batch,
    batches: total("batches"),
    refused: total("refused"),
    met: total("met"),
    quality: stat("quality"),
    cost: stat("cost"),
    slack: stat("slack"),
    worst: accepted === 0 ? Number.NaN : Math.min(...runs.map(run => run.worst).filter(Number.isFinite)),
    shortfall: total("shortfall") / accepted,
    overHindsight: stat("overHindsight"),
    overMargin: stat("overMargin"),
    beyond: runs.filter(run => run.beyond).length,
  };
}
