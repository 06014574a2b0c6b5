import type { History } from "../history/history.js";
import type { NeighbourSource } from "./neighbour-predictor.js";

/** Queries as a predictor sees them. */
export interface QueryBatch {
  /** `[rows x dimension]`, row-major: the queries' embeddings. */
  readonly embeddings: Float32Array;
  /** `[rows]`: what each query will be billed as input, in tokens; finite and >= 0. See {@link InputTokenEstimator}. */
  readonly inputTokens: Float32Array;
  /** `[rows]`: the queries themselves, for a predictor that also looks at their surface ({@link HybridPredictor}). */
  readonly texts?: readonly string[];
}

/** What each model is expected to do with each query. Matrices are `[rows x models.length]`, row-major. */
export interface Predictions {
  /** Number of queries. */
  readonly rows: number;
  /** Names of the columns: the pool's models, in its order. */
  readonly models: readonly string[];
  /** Expected quality, 0 to 1. */
  readonly quality: Float32Array;
  /** Expected length of the answer, tokens. */
  readonly outputTokens: Float32Array;
  /** USD: `(inputTokens * inputPer1M + outputTokens * outputPer1M) / 1e6`. */
  readonly cost: Float32Array;
  /**
   * How much of each quality rests on graded answers of the model to similar queries, 0 to 1; low where the model was graded
   * only on queries farther away than the query's nearest ones, 0 for a model without outcomes.
   */
  readonly support: Float32Array;
  /**
   * `[rows]`: mean cosine to the ten most similar queries of the history, graded or not; low for a query unlike all that the
   * history has seen. 0 without a history.
   */
  readonly nearest: Float32Array;
}

/** What is known of a model as a whole. */
export interface ModelEstimate {
  /** Its name in the pool. */
  readonly model: string;
  /** Graded outcomes that it rests on. */
  readonly graded: number;
  /** Mean quality, shrunk to the mean of the pool's models as far as the outcomes are few; without any it is that. */
  readonly quality: number;
  /** Standard deviation of what is not known of it: falls with the outcomes. */
  readonly uncertainty: number;
}

/** A history some rows of which were added or changed. */
export interface Learned {
  /** The whole of it, as it is now. Valid during the call only. */
  readonly history: History;
  /** Over the embeddings of its queries, as it is now; ids are row numbers. */
  readonly index: NeighbourSource;
  /** Rows that are new or have other outcomes than before, ascending. */
  readonly rows: Int32Array;
}

/** The seam between the history and the solver: neighbours, a trained head, or a stack of both. */
export interface Predictor {
  /** Off the JavaScript thread. @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted */
  predict(batch: QueryBatch, options?: { signal?: AbortSignal }): Promise<Predictions>;
  /** The same at once, on this thread. @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` */
  predictSync(batch: QueryBatch): Predictions;
  /**
   * Another predictor, which knows these rows too, without a fit. This one goes on predicting as before: calls that are
   * under way keep the state that they began with.
   */
  learned(news: Learned): Predictor;
  /** Of each model of the pool, in its order. */
  estimates(): readonly Omit<ModelEstimate, "graded">[];
}
