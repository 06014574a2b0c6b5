import type { Margin } from "./bound.js";

/**
 * What a plan promises of the quality that will be realised, over the batch or over one tenant's queries.
 *
 * A promise is about chance: of many batches that are routed with a confidence of 0.95, nineteen in twenty realise what
 * was promised, provided that their queries are like the history's. Each promise stands by itself: that several hold at once
 * is less certain.
 */
export interface QualityPromise {
  /** The tenant; absent for the whole batch. */
  readonly group?: string;
  /** How sure the promise is to hold, above 0 and below 1: as asked for. */
  readonly confidence: number;
  /** The floor of realised mean quality that was asked for; absent where only the confidence was given. */
  readonly asked?: number;
  /** Whether the floor asked for is more than can be promised. Nothing is promised then, and the plan is not feasible. */
  readonly refused: boolean;
  /**
   * The highest floor that can be promised with this confidence. Of a promise given: of this plan, so at least the floor asked
   * for. Of a refused one: of the best plan found within the other limits.
   */
  readonly best: number;
  /** Mean predicted quality of the plan that {@link best} speaks of. */
  readonly predicted: number;
  /** What lies between them, and why. */
  readonly margin: Margin;
  /** The floor of predicted quality that was solved for, so that the promise holds. Absent where no floor was asked for. */
  readonly floor?: number;
  /** Queries that the promise is over. */
  readonly queries: number;
  /** Graded answers that the margin rests on: those of the history that the same policy would have chosen. */
  readonly outcomes: number;
  /**
   * Why a promise was refused. `"quality"`: the best that the models are expected to reach within the other limits lies below the
   * floor, so that no history and no batch would do. `"batch"`: a larger batch would leave less to chance.
   * `"history"`: the history has too few graded answers.
   */
  readonly reason?: "quality" | "batch" | "history";
}

/** @internal A promise that is wanted. */
export interface PromiseAsked {
  readonly confidence: number;
  readonly minQuality?: number;
  /** The tenant's name; absent for the whole batch. */
  readonly group?: string;
}
