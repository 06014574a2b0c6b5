import { binding } from "../binding.js";
import { invalid } from "../errors.js";
import { native, settle } from "../task.js";
import type { HybridHandle, NativeHybridEstimates } from "./binding.js";
import { checkTexts } from "./embedder.js";
import type { NeighbourPredictions, NeighbourPredictor, PricedPool } from "./neighbour-predictor.js";
import { decodeOutOfFold, encodeOutOfFold, type OutOfFoldPredictions } from "./out-of-fold.js";
import type { Predictor, QueryBatch } from "./predictor.js";

/** What a hybrid predictor is fitted on: the queries and outcomes that its neighbours come from. */
export interface HybridHistory {
  readonly texts: readonly string[];
  /** `[rows x dimension]`: of the texts, as the neighbours' index holds them. */
  readonly embeddings: Float32Array;
  /** `[rows]`, all known. */
  readonly inputTokens: Float32Array;
  /** `[rows x models]`, NaN = missing. */
  readonly quality: Float32Array;
  /** `[rows x models]`, NaN = missing. See `knownOutputTokens`. */
  readonly outputTokens: Float32Array;
}

export interface HybridFitOptions {
  /** Of the forest; a whole number >= 0. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

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
  readonly models: readonly string[];
  /** What it would have said of its own history's queries, had it not seen them. Not to be changed. */
  readonly outOfFold: OutOfFoldPredictions;
  readonly #neighbours: NeighbourPredictor;
  readonly #handle: HybridHandle;

  private constructor(neighbours: NeighbourPredictor, handle: HybridHandle, outOfFold: OutOfFoldPredictions) {
    this.models = neighbours.models;
    this.outOfFold = outOfFold;
    this.#neighbours = neighbours;
    this.#handle = handle;
  }

  /**
   * @param neighbours over an index whose ids are the history's rows
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  static async fit(
    neighbours: NeighbourPredictor,
    history: HybridHistory,
    pool: PricedPool,
    options: HybridFitOptions = {},
  ): Promise<HybridPredictor> {
    const { seed = 0, signal } = options;
    const { texts, embeddings, inputTokens, quality, outputTokens } = history;
    if (!Number.isSafeInteger(seed) || seed < 0) throw invalid("seed", "must be a whole number >= 0");
    checkTexts(texts, "history.texts");
    const rows = texts.length;
    if (rows === 0) throw invalid("history.texts", "must hold at least one query to fit on");
    if (inputTokens.length !== rows)
      throw invalid("history.inputTokens", `has ${inputTokens.length} elements for ${rows} queries`);
    // Without the query itself among its neighbours, which would know the answer.
    const leftOut = await neighbours.predict(
      { embeddings, inputTokens },
      { exclude: Int32Array.from({ length: rows }, (_, row) => row), ...(signal ? { signal } : {}) },
    );
    const { handle, outOfFold } = await settle(signal, () =>
      binding().fitHybrid(
        ...pricesOf(pool),
        texts,
        embeddings,
        inputTokens,
        leftOut.quality,
        leftOut.outputTokens,
        embeddings.length / rows,
        quality,
        outputTokens,
        seed,
      ),
    );
    const { models } = neighbours;
    return new HybridPredictor(neighbours, handle, {
      rows,
      models,
      quality: outOfFold.quality,
      cost: outOfFold.cost,
    });
  }

  /** @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted */
  async predict(batch: QueryBatch, options: { signal?: AbortSignal } = {}): Promise<HybridPredictions> {
    const texts = textsOf(batch).slice();
    // Copied, so that a caller may change or transfer its own while this is under way.
    const steady = { embeddings: batch.embeddings.slice(), inputTokens: batch.inputTokens.slice() };
    const near = await this.#neighbours.predict(steady, options);
    const estimates = await settle(options.signal, () =>
      binding().predictHybridAsync(
        this.#handle,
        texts,
        steady.embeddings,
        steady.inputTokens,
        near.quality,
        near.outputTokens,
      ),
    );
    return joined(near, estimates);
  }

  predictSync(batch: QueryBatch): HybridPredictions {
    const texts = textsOf(batch);
    const { embeddings, inputTokens } = batch;
    const near = this.#neighbours.predictSync(batch);
    const estimates = native(() =>
      binding().predictHybrid(this.#handle, texts, embeddings, inputTokens, near.quality, near.outputTokens),
    );
    return joined(near, estimates);
  }

  /**
   * Another predictor, which has learned from some more outcomes without a fit. The neighbours given know them already and
   * serve from now on. Beside them each model's level moves, by one Newton step per outcome, the less the more outcomes
   * the model had (native/prediction/item_response.h); all else waits for the next fit, {@link outOfFold} too.
   *
   * @param outcomes matrices `[rows x models]` of the batch's queries, NaN = missing
   */
  learned(
    neighbours: NeighbourPredictor,
    batch: QueryBatch,
    outcomes: { readonly quality: Float32Array; readonly outputTokens: Float32Array },
  ): HybridPredictor {
    const texts = textsOf(batch);
    // From the neighbours as they were before, which do not know these outcomes.
    const near = this.#neighbours.predictSync(batch);
    const handle = native(() =>
      binding().learnHybrid(
        this.#handle,
        texts,
        batch.embeddings,
        batch.inputTokens,
        near.quality,
        near.outputTokens,
        outcomes.quality,
        outcomes.outputTokens,
      ),
    );
    return new HybridPredictor(neighbours, handle, this.outOfFold);
  }

  /** The trained half, without the neighbours and {@link outOfFold}: versioned and checksummed. */
  toBytes(): Uint8Array {
    return native(() => binding().hybridToBytes(this.#handle));
  }

  outOfFoldToBytes(): Uint8Array {
    return encodeOutOfFold(this.outOfFold);
  }

  /** @throws OmniRouterError `ERR_OMNI_CORRUPT`, or `ERR_OMNI_VERSION` for a newer or older format */
  static fromBytes(
    saved: { readonly predictor: Uint8Array; readonly outOfFold: Uint8Array },
    neighbours: NeighbourPredictor,
    pool: PricedPool,
    dimension: number,
  ): HybridPredictor {
    const handle = native(() => binding().hybridFromBytes(saved.predictor, ...pricesOf(pool), dimension));
    return new HybridPredictor(neighbours, handle, decodeOutOfFold(saved.outOfFold, neighbours.models));
  }
}

function textsOf({ texts, inputTokens }: QueryBatch): readonly string[] {
  if (texts === undefined)
    throw invalid("batch.texts", "must be given: this predictor looks at the queries themselves too");
  checkTexts(texts, "batch.texts");
  if (texts.length !== inputTokens.length)
    throw invalid("batch.texts", `has ${texts.length} elements for ${inputTokens.length} queries`);
  return texts;
}

function pricesOf(pool: PricedPool): [inputPer1M: Float64Array, outputPer1M: Float64Array] {
  return [
    Float64Array.from(pool.models, model => model.inputPer1M),
    Float64Array.from(pool.models, model => model.outputPer1M),
  ];
}

function joined(near: NeighbourPredictions, estimates: NativeHybridEstimates): HybridPredictions {
  const { rows, models, support } = near;
  return { rows, models, support, ...estimates };
}
