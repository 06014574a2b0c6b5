/**
 * Matrices of queries x models, row-major (`values[i * models + j]`): what each query would be worth and cost with each
 * model. `quality` lies in 0..1, every other quantity in 0..1e30: `cost` in USD, `latency` in seconds, `tokens`, or
 * whatever else is to be limited or optimised.
 */
export interface Quantities {
  readonly [name: string]: Float32Array;
}

/**
 * What to minimise or maximise: one quantity by name, or several with weights. `{ minimize: { cost: 1, latency: 0.001 } }`
 * counts a second of latency as 0.001 USD; prices are then in USD, e.g. "USD per extra second of mean latency".
 *
 * Among plans of equal objective the one with more `quality` is given, or, where the objective weighs quality itself, the one
 * that costs less (`cost`): the cheapest plan is the best of the cheapest, and the best is the cheapest of the best. `tieBreak`
 * names another quantity to decide, of which less is better, unless it is `quality`.
 */
export type Objective =
  | {
      /** A quantity, or weights by quantity, whose sum over the plan is to be small. */
      readonly minimize: string | Readonly<Record<string, number>>;
      /** The quantity that decides between plans of equal objective: see {@link Objective}. */
      readonly tieBreak?: string;
    }
  | {
      /** A quantity, or weights by quantity, whose sum over the plan is to be large. */
      readonly maximize: string | Readonly<Record<string, number>>;
      /** The quantity that decides between plans of equal objective: see {@link Objective}. */
      readonly tieBreak?: string;
    };

/**
 * One bound on one sum or mean. Examples:
 *
 * ```ts
 * { mean: "quality", atLeast: 0.8 }                      // floor on the mean over all queries
 * { mean: "quality", atLeast: 0.9, group: 3 }            // ... over the queries of tenant 3
 * { sum: "cost", atMost: 5 }                             // budget, USD
 * { sum: "requests", atMost: 100, model: "gpt-4o" }      // capacity in queries of this batch
 * { sum: "tokens", atMost: 2e6, model: "gpt-4o" }        // capacity in tokens of this batch
 * { mean: "latency", atMost: 1.5 }                       // seconds, on the mean
 * ```
 */
export interface Limit {
  /** The quantity whose sum over the scope is bounded, or `"requests"`: the number of queries. */
  readonly sum?: string;
  /** The quantity whose mean over the queries of the scope is bounded. Not with `model`. */
  readonly mean?: string;
  /** The least that the sum or mean may be. Exactly one of this and `atMost`. */
  readonly atLeast?: number;
  /** The most that it may be. */
  readonly atMost?: number;
  /** Only the queries of this group: its number, or its name where the problem names its groups. */
  readonly group?: number | string;
  /** Only the queries given to this model. */
  readonly model?: string;
}

/** A batch of queries, what each would be worth and cost with each model, and what is wanted of its plan. */
export interface AssignmentProblem {
  /** Column names, 1 to 64 of them. */
  readonly models: readonly string[];
  /** `[queries x models.length]` each. */
  readonly quantities: Quantities;
  /** What to minimise or maximise. */
  readonly objective: Objective;
  /** All of which are to hold together. Default: none. */
  readonly limits?: readonly Limit[];
  /**
   * Per query, bit j set: model j may answer it. At least one bit of the models' each; with only one, the query is forced
   * to that model: `allowed.fill(2n ** 64n - 1n)`, then `allowed[17] = 1n << 2n`.
   */
  readonly allowed?: BigUint64Array;
  /** Per query, its group (tenant), 0 to 1023. */
  readonly groups?: Uint16Array;
  /** Names of the groups by number, each once; limits, reports and prices then speak of them by name. */
  readonly groupNames?: readonly string[];
}
