import type { Margin } from "./bound.js";
import type { Shift } from "./shift.js";

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
  /**
   * Mean predicted quality of the plan that {@link best} speaks of, corrected for the bias of its policy. The plan's own totals may
   * differ from it by some thousandths, as they have the bias of the solve before ({@link Correction}).
   */
  readonly predicted: number;
  /** What lies between them, and why. */
  readonly margin: Margin;
  /** The floor of predicted quality that was solved for, so that the promise holds. Absent where no floor was asked for. */
  readonly floor?: number;
  /** How the queries differ from the history's. Absent without queries. */
  readonly shift?: Shift;
  /** Queries that the promise is over. */
  readonly queries: number;
  /**
   * Effective sample size of the graded answers that the margin rests on: those of the history that the same policy would have
   * chosen, of queries in the batch's proportions, weighted by the inverse of their probability to be observed.
   */
  readonly outcomes: number;
  /**
   * Why a promise was refused.
   *
   * - `"quality"`: the best that the models are expected to reach within the other limits lies below the floor, so that no
   *   history and no batch would do.
   * - `"batch"`: a larger batch would leave less to chance.
   * - `"history"`: the history has too few graded answers.
   * - `"selection"`: it is not known how the graded models were selected: declare it (`HistoryRecord.selection`), or record
   *   the probabilities (`Outcome.propensity`).
   * - `"overlap"`: the history has hardly any graded answers of the chosen models on queries like those that the plan gives
   *   them: grade some of these, at random.
   * - `"shift"`: the queries are too unlike the history's: grade some of their kind.
   */
  readonly reason?: "quality" | "batch" | "history" | "selection" | "overlap" | "shift";
}

/**
 * What was added to predicted quality, so that the mean of a plan is what its policy is expected to realise. Among many
 * estimates a plan prefers those that err on the favourable side, so that the chosen ones are too high (the winner's curse).
 * By how much is seen in the history: what the same policy would have realised there, beside what was predicted of it out of
 * fold.
 */
export interface Correction {
  /** The tenant; absent for all queries of tenants without one of their own. */
  readonly group?: string;
  /** Added to each query's quality; below 0 where predictions were too high; 0 where nothing can be said of the policy. */
  readonly bias: number;
  /** Standard error of {@link bias}; NaN where nothing can be said. */
  readonly standardError: number;
  /** Effective sample size of the graded answers that it rests on. */
  readonly outcomes: number;
  /** Why nothing can be said; as in `QualityPromise.reason`. */
  readonly reason?: "history" | "selection" | "overlap";
}

/** @internal A floor of quality that is wanted: of the mean that is expected, or with a confidence. */
export interface FloorAsked {
  readonly confidence?: number;
  readonly minQuality?: number;
  /** The tenant's name; absent for the whole batch. */
  readonly group?: string;
}
