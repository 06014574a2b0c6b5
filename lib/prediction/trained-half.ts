import { binding } from "../binding.js";
import { isBranded } from "../brand.js";
import { invalid } from "../errors.js";
import { checkObject } from "../keys.js";
import { checkOptions } from "../options.js";
import { show } from "../show.js";
import { native, settle } from "../task.js";
import { checkArray, inThisRealm } from "../typed-arrays.js";
import type { HybridHandle, NativeHybridEstimates } from "./binding.js";
import { type Calibration, calibrated } from "./calibration.js";
import { checkTexts } from "./embedder.js";
import type { NeighbourPredictions, NeighbourPredictor, PricedPool } from "./neighbour-predictor.js";
import {
  decodeOutOfFold,
  encodeOutOfFold,
  type OutOfFoldPredictions,
  type OutOfFoldRecord,
  outOfFoldOf,
  pricedOutOfFold,
} from "./out-of-fold.js";
import type { QueryBatch } from "./predictor.js";

/** What a hybrid predictor is fitted on: the queries and outcomes that its neighbours come from. */
export interface HybridHistory {
  /** `[rows]`: the queries. */
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

/** How a {@link HybridPredictor} is fitted. */
export interface HybridFitOptions {
  /** Of the forest; a whole number >= 0. Default 0. */
  readonly seed?: number;
  /** Ends the fit, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A batch that the trained half can look at: with its texts. */
export type TextBatch = QueryBatch & Required<Pick<QueryBatch, "texts">>;

/** Outcomes of a batch's queries: `[rows x models]`, NaN = missing. */
export interface BatchOutcomes {
  /** Grades from 0 to 1. */
  readonly quality: Float32Array;
  /** Lengths of the answers in tokens. */
  readonly outputTokens: Float32Array;
}

/**
 * The part of a {@link HybridPredictor} that is fitted: all of it but the neighbours, whose estimates it is given with each
 * batch. Immutable; what it learns between two fits makes another one, cheaply.
 */
export class TrainedHalf {
  /** Names of the models that it predicts: the matrices' columns. */
  readonly models: readonly string[];
  /** What the whole predictor would have said of the queries that it was fitted on, had it not seen them. */
  readonly outOfFold: OutOfFoldPredictions;
  readonly #record: OutOfFoldRecord;
  readonly #handle: HybridHandle;

  private constructor(handle: HybridHandle, record: OutOfFoldRecord, outOfFold: OutOfFoldPredictions) {
    this.models = record.models;
    this.outOfFold = outOfFold;
    this.#record = record;
    this.#handle = handle;
  }

  /** As `HybridPredictor.fit`. */
  static async fit(
    neighbours: NeighbourPredictor,
    history: HybridHistory,
    pool: PricedPool,
    options: HybridFitOptions,
  ): Promise<TrainedHalf> {
    checkOptions(options, ["seed", "signal"]);
    const { seed = 0, signal } = options;
    if (!isBranded(neighbours, "NeighbourPredictor"))
      throw invalid("neighbours", `must be a NeighbourPredictor, got ${show(neighbours)}`);
    checkObject(history, "history");
    checkObject(pool, "pool");
    const { texts, embeddings, inputTokens, quality, outputTokens } = history;
    if (!Number.isSafeInteger(seed) || seed < 0) throw invalid("seed", "must be a whole number >= 0");
    checkTexts(texts, "history.texts");
    for (const name of ["embeddings", "inputTokens", "quality", "outputTokens"] as const)
      checkArray(history[name], "Float32Array", `history.${name}`);
    const rows = texts.length;
    if (rows === 0) throw invalid("history.texts", "must hold at least one query to fit on");
    if (inputTokens.length !== rows)
      throw invalid("history.inputTokens", `has ${inputTokens.length} elements for ${rows} queries`);
    const { models } = neighbours;
    const graded = models.map(() => false);
    for (const [at, value] of quality.entries()) if (!Number.isNaN(value)) graded[at % models.length] = true;
    const billed = inputTokens.slice(); // the caller's may be transferred meanwhile
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
    const record = {
      rows,
      models,
      graded,
      inputTokens: billed,
      quality: inThisRealm(outOfFold.quality, Float32Array),
      outputTokens: inThisRealm(outOfFold.outputTokens, Float32Array),
      nearest: leftOut.nearest,
    };
    return new TrainedHalf(handle, record, pricedOutOfFold(record, pool));
  }

  /** Bit j: nothing shows how predictions of model j turn out, as it had no graded outcome when this was fitted. */
  get unproven(): bigint {
    return this.#record.graded.reduce(
      (mask, known, column) => (known ? mask : mask | (1n << BigInt(column))),
      0n,
    );
  }

  /**
   * What both halves together say of a batch.
   *
   * @param near what the neighbours say of it
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  async predict(
    { texts, embeddings, inputTokens }: TextBatch,
    near: NeighbourPredictions,
    signal: AbortSignal | undefined,
  ): Promise<NativeHybridEstimates> {
    const { quality, outputTokens } = near;
    return estimatesInThisRealm(
      await settle(signal, () =>
        binding().predictHybridAsync(this.#handle, texts, embeddings, inputTokens, quality, outputTokens),
      ),
    );
  }

  /** {@link predict} at once, on this thread. @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` */
  predictSync(
    { texts, embeddings, inputTokens }: TextBatch,
    { quality, outputTokens }: NeighbourPredictions,
  ): NativeHybridEstimates {
    return estimatesInThisRealm(
      native(() =>
        binding().predictHybrid(this.#handle, texts, embeddings, inputTokens, quality, outputTokens),
      ),
    );
  }

  /**
   * What some more outcomes make of the models' levels, for {@link withLevels}: each moves by one Newton step per outcome,
   * in their order, the less the more outcomes the model had (native/prediction/item_response.h).
   *
   * @param near what neighbours that do not know these outcomes say of the batch
   */
  async levelsAfter(
    { texts, embeddings, inputTokens }: TextBatch,
    near: NeighbourPredictions,
    { quality, outputTokens }: BatchOutcomes,
    signal: AbortSignal | undefined,
  ): Promise<Float64Array> {
    const levels = await settle(signal, () =>
      binding().learnHybrid(
        this.#handle,
        texts,
        embeddings,
        inputTokens,
        near.quality,
        near.outputTokens,
        quality,
        outputTokens,
      ),
    );
    return inThisRealm(levels, Float64Array);
  }

  /** The same with what {@link levelsAfter} gave. @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for levels of another pool */
  withLevels(levels: Float64Array): TrainedHalf {
    const handle = native(() => binding().hybridWithLevels(this.#handle, levels));
    return new TrainedHalf(handle, this.#record, this.outOfFold);
  }

  /**
   * The same with each model's quality recalibrated, {@link outOfFold} too.
   *
   * @internal
   */
  calibrated(calibration: Calibration, pool: PricedPool): TrainedHalf {
    const handle = native(() =>
      binding().hybridCalibrated(this.#handle, calibration.intercepts, calibration.slopes),
    );
    const record = { ...this.#record, quality: calibrated(this.#record.quality, calibration) };
    return new TrainedHalf(handle, record, pricedOutOfFold(record, pool));
  }

  /**
   * For another pool: models that stay are predicted as before, by the new prices; one that is new begins as the pool's
   * models are on the whole.
   */
  withPool(pool: PricedPool): TrainedHalf {
    const names = pool.models.map(({ name }) => name);
    const from = Int32Array.from(names, name => this.models.indexOf(name));
    const handle = native(() => binding().hybridWithModels(this.#handle, from, ...pricesOf(pool)));
    const record = outOfFoldOf(this.#record, names);
    return new TrainedHalf(handle, record, pricedOutOfFold(record, pool));
  }

  /** Without {@link outOfFold}: versioned and checksummed. */
  toBytes(): Uint8Array {
    return inThisRealm(
      native(() => binding().hybridToBytes(this.#handle)),
      Uint8Array,
    );
  }

  /** {@link outOfFold}, for {@link fromBytes}. */
  outOfFoldToBytes(): Uint8Array {
    return encodeOutOfFold(this.#record);
  }

  /**
   * Reads what {@link toBytes} and {@link outOfFoldToBytes} wrote.
   *
   * @param pool of the models that it was saved with, at whatever prices
   * @param dimension of the embeddings
   * @throws OmniRouterError `ERR_OMNI_CORRUPT`, or `ERR_OMNI_VERSION` for a newer or older format
   */
  static fromBytes(
    saved: { readonly predictor: Uint8Array; readonly outOfFold: Uint8Array },
    pool: PricedPool,
    dimension: number,
  ): TrainedHalf {
    checkObject(saved, "saved");
    for (const name of ["predictor", "outOfFold"] as const)
      checkArray(saved[name], "Uint8Array", `saved.${name}`);
    const handle = native(() => binding().hybridFromBytes(saved.predictor, ...pricesOf(pool), dimension));
    const record = decodeOutOfFold(
      saved.outOfFold,
      pool.models.map(({ name }) => name),
    );
    return new TrainedHalf(handle, record, pricedOutOfFold(record, pool));
  }
}

function estimatesInThisRealm(estimates: NativeHybridEstimates): NativeHybridEstimates {
  return {
    quality: inThisRealm(estimates.quality, Float32Array),
    outputTokens: inThisRealm(estimates.outputTokens, Float32Array),
    cost: inThisRealm(estimates.cost, Float32Array),
    medianTokens: inThisRealm(estimates.medianTokens, Float32Array),
    costDeviation: inThisRealm(estimates.costDeviation, Float32Array),
    qualityDeviation: inThisRealm(estimates.qualityDeviation, Float32Array),
  };
}

function pricesOf(pool: PricedPool): [inputPer1M: Float64Array, outputPer1M: Float64Array] {
  return [
    Float64Array.from(pool.models, model => model.inputPer1M),
    Float64Array.from(pool.models, model => model.outputPer1M),
  ];
}
