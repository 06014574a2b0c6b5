import type { Score } from "../capacity.js";
import type { EvaluationSplit } from "../evaluation-split.js";

/** What a method takes the models to be worth, `[held-out rows x models]`. */
export interface Predicted {
  /** 0 to 1. */
  readonly quality: Float32Array;
}

/** What a method decides of a batch. */
export interface Decision {
  /** Per query of the batch, the column of its model. */
  readonly choice: Uint8Array;
  /** That the method does not promise the floor for this batch, and says so. */
  readonly refused: boolean;
}

/** A method that has learned from the history of a split, and routes its held-out queries. */
export interface FittedMethod {
  /** Absent where a method predicts no quality. */
  readonly predicted?: Predicted;
  /** The hyper-parameter that cross-validation took, for people. */
  readonly chosen?: string;
  /**
   * The method's cost-quality curve: per point a choice for all held-out queries, from the cheapest point to the dearest
   * by what the method expects.
   *
   * @param share of the batch that each model may take at most; 1 = no limit
   */
  curve(share: number): Promise<readonly Uint8Array[]>;
  /**
   * Routes a batch under a floor of its mean quality.
   *
   * @param rows held-out queries
   */
  route(rows: Int32Array, floor: number, share: number): Promise<Decision>;
}

export interface Method {
  readonly id: string;
  readonly label: string;
  /** One sentence: what it does, and whose it is. */
  readonly about: string;
  fit(split: EvaluationSplit): Promise<FittedMethod>;
}

/** The history, predicted out of fold, and the held-out queries. */
export type Side = "history" | "heldOut";

/** A method's rules from the cheapest to the dearest, each a score of every query and model. */
export interface Rules {
  readonly count: number;
  score(point: number): Score;
}
