/**
 * What the predictor would have said of each query of its own history, had that query not been in it. Beside the
 * history's quality and cost these show how predictions turn out, which those on its own rows, learnt from their
 * answers, would flatter.
 *
 * Matrices are `[rows x models.length]`, row-major, without gaps: there is a prediction for outcomes that are missing.
 */
export interface OutOfFoldPredictions {
  /** The history's rows, in its order. */
  readonly rows: number;
  /** Names of the columns: the pool's models, in its order. */
  readonly models: readonly string[];
  /** Expected quality, 0 to 1. */
  readonly quality: Float32Array;
  /** Expected cost, USD. */
  readonly cost: Float32Array;
}
