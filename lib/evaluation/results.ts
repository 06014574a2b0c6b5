import type { CostCounts } from "./billing.js";
import type { ReliabilityBin } from "./metrics/calibration.js";
import type { CurvePoint } from "./metrics/curve.js";

// What an evaluation comes to. Written as JSON, a figure that there is none of (NaN) is null.

/** A figure over the splits. */
export interface Stat {
  readonly mean: number;
  /** Standard error of the mean over the splits; NaN for one. */
  readonly error: number;
  /** Of each split, NaN where there was none. */
  readonly values: readonly number[];
}

/** How well a method's predictions of quality fit what came of it. */
export interface PredictionResults {
  /** Mean over the models. */
  readonly auc: Stat;
  readonly brier: Stat;
  readonly ece: Stat;
  /** Over all models and splits. */
  readonly reliability: readonly ReliabilityBin[];
  /** Over all splits. */
  readonly models: readonly {
    readonly model: string;
    readonly auc: Stat;
    readonly brier: Stat;
    readonly ece: Stat;
    readonly reliability: readonly ReliabilityBin[];
  }[];
}

/** Cost to reach a share of the best single model's quality, over that model's cost. */
export interface CostToMatch extends Stat {
  readonly share: number;
  /** Splits in which it was never reached; they count as 1. */
  readonly never: number;
}

/** One floor asked of batches of one size. */
export interface FloorResults {
  /** As a share of the best single model's quality in the history. */
  readonly share: number;
  /** Queries of a batch. */
  readonly batch: "all" | number;
  /** Over all splits. */
  readonly batches: number;
  readonly refused: number;
  /** Of the batches whose floor was not refused, those whose realised mean quality reached it. */
  readonly met: number;
  /** Means over the batches not refused; realised quality minus the floor, and the worst of it. */
  readonly quality: Stat;
  readonly cost: Stat;
  readonly slack: Stat;
  readonly worst: number;
  /** Mean shortfall, a floor that is met counting 0. */
  readonly shortfall: number;
  /** Realised cost over that of the same predictor's cheapest price which, in hindsight, reaches the floor. */
  readonly overHindsight: Stat;
  /** The same beside the price that reaches the floor plus the sampling margin of a batch of this size. */
  readonly overMargin: Stat;
  /** Splits in which no price of this predictor reaches the floor plus the sampling margin. */
  readonly beyond: number;
}

/** A method under one limit of capacity. */
export interface CapacityResults {
  /** Of the batch that each model may take; 1 = no limit. */
  readonly capacity: number;
  readonly peak: Stat;
  readonly aiq: Stat;
  readonly match: readonly CostToMatch[];
  /** Means over the splits, point by point: quality and cost relative to the best single model of the split. */
  readonly curve: readonly CurvePoint[];
  /** Per point of the curve, the share of queries of every model. */
  readonly mix: readonly (readonly number[])[];
  readonly floors: readonly FloorResults[];
  /** Queries beyond what their models may take, over all batches and splits. */
  readonly violations: number;
  /** Share of the held-out queries whose chosen model has a known outcome, over the points of the curve. */
  readonly judged: Stat;
}

export interface MethodResults {
  readonly id: string;
  readonly label: string;
  readonly about: string;
  /** The hyper-parameter that was taken in each split. */
  readonly chosen: readonly string[];
  readonly prediction?: PredictionResults;
  readonly capacities: readonly CapacityResults[];
}

export interface SetResults {
  readonly name: string;
  readonly description: string;
  readonly queries: number;
  readonly historyQueries: number;
  readonly heldOutQueries: number;
  readonly models: readonly string[];
  /** Models of the pool without any graded outcome: only chance or want of room gives them queries. */
  readonly ungraded: readonly string[];
  /** Pairs of a query and a model whose quality and cost are known, of all. */
  readonly known: number;
  /** Queries with a grade of more than one model, of all: of the others nobody knows what another choice would have come to. */
  readonly answered: number;
  /** How the graded models were selected, as far as it is known. */
  readonly selection: {
    /** Share of the queries of which it is known; nothing is judged by the others. */
    readonly known: number;
    /** Of each split: effective sample size of the graded answers that the best single model is judged by. */
    readonly effective: readonly number[];
  };
  /** How the costs of graded outcomes are known. */
  readonly costs: CostCounts;
  /** Of each split: the best single model of its history, and what it came to on the held-out queries. */
  readonly best: readonly { readonly model: string; readonly quality: number; readonly cost: number }[];
  readonly methods: readonly MethodResults[];
  readonly seconds: number;
}

export interface EvaluationResults {
  readonly format: "omnirouter-evaluation";
  readonly version: 1;
  readonly packageVersion: string;
  readonly createdAt: string;
  readonly seeds: readonly number[];
  readonly trainShare: number;
  readonly capacities: readonly number[];
  readonly floors: readonly number[];
  readonly batches: readonly ("all" | number)[];
  readonly confidence: number;
  readonly sets: readonly SetResults[];
}
