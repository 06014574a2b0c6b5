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
  readonly rows: number;
  /** Names of the columns: the pool's models, in its order. */
  readonly models: readonly string[];
  /** Expected quality, 0 to 1. */
  readonly quality: Float32Array;
  readonly outputTokens: Float32Array;
  /** USD: `(inputTokens * inputPer1M + outputTokens * outputPer1M) / 1e6`. */
  readonly cost: Float32Array;
}

/** The seam between the history and the solver: neighbours, a trained head, or a stack of both. */
export interface Predictor {
  predict(batch: QueryBatch, options?: { signal?: AbortSignal }): Promise<Predictions>;
  predictSync(batch: QueryBatch): Predictions;
}
