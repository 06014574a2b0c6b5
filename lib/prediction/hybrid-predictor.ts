import { invalid } from "../errors.js";
import { checkObject } from "../keys.js";
import { checkArray } from "../typed-arrays.js";
import type { NativeHybridEstimates } from "./binding.js";
import { checkTexts } from "./embedder.js";
import type {
  NeighbourPredictions,
  NeighbourPredictor,
  PredictOptions,
  PricedPool,
} from "./neighbour-predictor.js";
import type { OutOfFoldPredictions } from "./out-of-fold.js";
import type { Learned, ModelEstimate, Predictor, QueryBatch } from "./predictor.js";
import {
  type BatchOutcomes,
  type HybridFitOptions,
  type HybridHistory,
  type TextBatch,
  TrainedHalf,
} from "./trained-half.js";

/** Matrices are `[rows x models.length]`, row-major. */
export interface HybridPredictions extends NeighbourPredictions {
  /** Median output tokens, where `outputTokens` is the mean: answers' lengths are skew. */
  readonly medianTokens: Float32Array;
  /** Standard deviation of one answer's cost, USD. */
  readonly costDeviation: Float32Array;
  /**
   * Standard deviation of the expected quality as far as it is due to how few outcomes the model has; near 0 for a model
   * with thousands, large for a new one, whose quality is the pool's then.
   */
  readonly qualityDeviation: Float32Array;
}

/**
 * Predicts from a trained half and the most similar queries of the history, joined as the history says they should be:
 * OmniRouter's hybrid predictor (arXiv 2502.20576, section 3) with a fitted fusion. Calibrated on the history, out of
 * fold. native/prediction/hybrid.h has the method.
 *
 * Immutable. The same history and seed give the same predictions, whatever the number of threads.
 */
export class HybridPredictor implements Predictor {
  /** Names of the models that it predicts: the matrices' columns. */
  readonly models: readonly string[];
  /** The half that was fitted, to be saved apart from the neighbours. */
  readonly trained: TrainedHalf;
  readonly #neighbours: NeighbourPredictor;

  /** Joins halves that were made apart, as by a load.
   *
   * @param trained of the neighbours' models
   */
  constructor(neighbours: NeighbourPredictor, trained: TrainedHalf) {
    this.models = neighbours.models;
    this.trained = trained;
    this.#neighbours = neighbours;
  }

  /**
   * Fits the trained half on the history, and joins it with the neighbours.
   *
   * @param neighbours over an index whose ids are the history's rows
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  static async fit(
    neighbours: NeighbourPredictor,
    history: HybridHistory,
    pool: PricedPool,
    options: HybridFitOptions = {},
  ): Promise<HybridPredictor> {
    return new HybridPredictor(neighbours, await TrainedHalf.fit(neighbours, history, pool, options));
  }

  /** What it would have said of its own history's queries, had it not seen them. Not to be changed. */
  get outOfFold(): OutOfFoldPredictions {
    return this.trained.outOfFold;
  }

  /**
   * What each model is expected to do with each query. The batch needs `texts`; it is copied before the call returns.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  async predict(batch: QueryBatch, options: { signal?: AbortSignal } = {}): Promise<HybridPredictions> {
    const steady = copyOf(batch);
    const near = await this.#neighbours.predict(steady, options);
    return joined(near, await this.trained.predict(steady, near, options.signal));
  }

  /**
   * {@link predict} at once, on this thread.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`
   */
  predictSync(batch: QueryBatch): HybridPredictions {
    checkBatch(batch);
    const near = this.#neighbours.predictSync(batch);
    return joined(near, this.trained.predictSync(batch, near));
  }

  /**
   * Neighbours know the rows from now on. The trained half learns by a step of its own ({@link levelsAfter}), which needs
   * the predictor as it was before; all else of it waits for the next fit, {@link outOfFold} too.
   */
  learned(news: Learned): HybridPredictor {
    return new HybridPredictor(this.#neighbours.learned(news), this.trained);
  }

  /**
   * What outcomes that this predictor has not seen make of the models' levels: for `trained.withLevels`.
   *
   * @param options.exclude as in `NeighbourPredictor.predict`: queries of the history are not their own neighbours
   */
  async levelsAfter(
    batch: QueryBatch,
    outcomes: BatchOutcomes,
    options: PredictOptions & { signal?: AbortSignal } = {},
  ): Promise<Float64Array> {
    const steady = copyOf(batch);
    const near = await this.#neighbours.predict(steady, options);
    return await this.trained.levelsAfter(steady, near, outcomes, options.signal);
  }

  estimates(): readonly Omit<ModelEstimate, "graded">[] {
    return this.#neighbours.estimates();
  }
}

/** A caller may change or transfer its own while a prediction is under way. */
function copyOf(batch: QueryBatch): TextBatch {
  checkBatch(batch);
  const { texts, embeddings, inputTokens } = batch;
  return { texts: texts.slice(), embeddings: embeddings.slice(), inputTokens: inputTokens.slice() };
}

function checkBatch(batch: QueryBatch): asserts batch is TextBatch {
  checkObject(batch, "batch");
  const { texts, embeddings, inputTokens } = batch;
  checkArray(embeddings, "Float32Array", "batch.embeddings");
  checkArray(inputTokens, "Float32Array", "batch.inputTokens");
  if (texts === undefined)
    throw invalid("batch.texts", "must be given: this predictor looks at the queries themselves too");
  checkTexts(texts, "batch.texts");
  if (texts.length !== inputTokens.length)
    throw invalid("batch.texts", `has ${texts.length} elements for ${inputTokens.length} queries`);
}

function joined(near: NeighbourPredictions, estimates: NativeHybridEstimates): HybridPredictions {
  const { rows, models, support, nearest } = near;
  return { rows, models, support, nearest, ...estimates };
}
