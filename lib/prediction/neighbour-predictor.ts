import { binding } from "../binding.js";
import { brand } from "../brand.js";
import { invalid, OmniRouterError } from "../errors.js";
import { checkObject } from "../keys.js";
import { checkOptions } from "../options.js";
import { native, settle } from "../task.js";
import { checkArray } from "../typed-arrays.js";
import type { NativeEstimates, NeighboursHandle } from "./binding.js";
import { checkTexts } from "./embedder.js";
import { InputTokenEstimator } from "./input-tokens.js";
import { type BilledHistory, knownOutputTokens, tokensToFit } from "./output-tokens.js";
import type { Learned, ModelEstimate, Predictions, Predictor, QueryBatch } from "./predictor.js";

/** What is needed of a history: its columns. Matrices are `[size x models]`, row-major, NaN = no outcome. */
export interface NeighbourHistory extends BilledHistory {
  /** `[size]`: the texts that were sent to the models. */
  readonly queries: readonly string[];
  /** `[size]`, NaN = unknown. */
  readonly inputTokens: Float32Array;
  /** Columns of the matrices: the pool's models, in its order. */
  readonly models: readonly string[];
  /** Grades from 0 to 1. */
  readonly quality: Float32Array;
}

/** What is needed of a pool: names and prices in USD per million tokens. */
export interface PricedPool {
  /** In the order of the matrices' columns. */
  readonly models: readonly {
    /** As the history calls the model. */
    readonly name: string;
    /** Of the query, USD per million tokens. */
    readonly inputPer1M: number;
    /** Of the answer, USD per million tokens. */
    readonly outputPer1M: number;
  }[];
}

/** What is needed of an index: the most similar rows of the history, `[queries x k]`, missing = -1. */
export interface NeighbourSource {
  /** Length of its vectors. */
  readonly dimension: number;
  /** How many rows of the history it holds. */
  readonly size: number;
  /** The `k` most similar rows of each query; `queries` is `[rows x dimension]`. */
  search(queries: Float32Array, k: number): NeighbourMatches;
  /** The same off the JavaScript thread. The queries are copied before the call returns. */
  searchAsync(
    queries: Float32Array,
    k: number,
    options?: { signal?: AbortSignal },
  ): Promise<NeighbourMatches>;
}
/** The most similar rows of some queries: matrices `[queries x k]`, row-major. */
export interface NeighbourMatches {
  /** Row numbers of the history; -1 where there is none. */
  readonly ids: Int32Array;
  /** Cosines, largest first. */
  readonly similarities: Float32Array;
  /** Rows asked for per query. */
  readonly k: number;
}

/** How neighbours are weighed. The defaults were chosen on real records. */
export interface NeighbourOptions {
  /**
   * Neighbours per query. Default: 100 for a history in which every model answered every query; more where outcomes
   * are missing, since a model is judged by the neighbours that it answered: 100 / sqrt(share of outcomes present).
   */
  k?: number;
  /** Weights are similarities to this power, > 0. Default 2. */
  power?: number;
  /** How many neighbours' worth the model's mean over the whole history counts in each estimate, >= 0. Default 2. */
  shrinkage?: number;
  /** Estimates input tokens where a record does not say them; fitted on the records that do unless given. */
  tokens?: InputTokenEstimator;
}

/** A model without any outcome has the pool's mean. */
export type NeighbourPredictions = Predictions;

/** What a prediction leaves out of account. */
export interface PredictOptions {
  /** `[rows]`: for each query an id that does not count as its neighbour (its own, to leave one out), or -1. */
  exclude?: Int32Array;
}

/*
 * The defaults, on splits inside the training 70 % of zeroeval (2,840 queries x 24 models; two splits) and mmlu-pro
 * (11,795 x 12; one), quality only, the built-in text embedder; Brier score, lower is better:
 *   power 1 / 2 / 3, every outcome known:    .1576 / .1566 / .1564 and .2146 / .2143 / .2141: flat beyond 2
 *   one outcome per query known, k = 400:    .1806 / .1804 / .1829 and .2234 / .2237 / .2249: 3 is too narrow
 *   shrinkage 1 / 2 / 4, one known, k = 100: .1928 / .1897 / .1910 and .2371 / .2329 / .2289
 *                                   k = 400: .1793 / .1804 / .1831 and .2241 / .2237 / .2233
 *   k = 100 / 200 / 400 / 800, one known:    .1897 / .1833 / .1804 / .1813 and .2329 / .2271 / .2237 / .2221
 */
const DEFAULT_POWER = 2;
const DEFAULT_SHRINKAGE = 2;
const DEFAULT_OUTCOMES = 100;

/** What a predictor has learned since another was made of the whole history. */
const LEARNED = Symbol("learned");
interface LearnedOptions extends NeighbourOptions {
  readonly [LEARNED]?: NeighboursHandle;
}

/** A search of so many queries at once bounds the memory of the matches: 6.6 MB per 100 neighbours. */
const ROWS_PER_SEARCH = 8192;

/**
 * Predicts from the most similar queries of the history: for each model the mean of its neighbours' outcomes weighted
 * by similarity, shrunk to the model's mean (native/prediction/neighbours.h has the formula). The retrieval half of
 * OmniRouter's predictor (arXiv 2502.20576).
 *
 * Answers' lengths are estimated like quality, and turned into USD by the pool's prices.
 */
export class NeighbourPredictor implements Predictor {
  /** Names of the models that it predicts: the matrices' columns. */
  readonly models: readonly string[];
  /** Neighbours per query. */
  readonly k: number;
  readonly #pool: PricedPool;
  readonly #tokens: InputTokenEstimator;
  readonly #index: NeighbourSource;
  readonly #handle: NeighboursHandle;

  /**
   * @param index over the embeddings of the history's queries; its ids are their row numbers.
   * @throws OmniRouterError ERR_OMNI_INVALID_HISTORY if no outcome has a quality, or none a length or a
   *   cost where costs depend on lengths.
   */
  constructor(
    history: NeighbourHistory,
    pool: PricedPool,
    index: NeighbourSource,
    options: NeighbourOptions = {},
  ) {
    checkOptions(options, ["k", "power", "shrinkage", "tokens"]);
    checkHistory(history);
    checkPool(pool);
    checkObject(index, "index");
    const { power = DEFAULT_POWER, shrinkage = DEFAULT_SHRINKAGE } = options;
    const tokens =
      options.tokens === undefined ? undefined : InputTokenEstimator.own(options.tokens, "tokens");
    const names = pool.models.map(model => model.name);
    if (history.models.length !== names.length || names.some((name, i) => history.models[i] !== name))
      throw invalid("history", "must have the pool's models as its columns, in the pool's order");
    const cells = history.size * names.length;
    for (const name of ["quality", "outputTokens", "cost"] as const)
      if (history[name].length !== cells)
        throw invalid(`history.${name}`, `has ${history[name].length} elements where ${cells} are needed`);
    if (index.size > history.size)
      throw invalid("index", `holds ${index.size} vectors for a history of ${history.size} queries`);
    if (!(power > 0 && Number.isFinite(power))) throw invalid("power", "must be a finite number > 0");
    if (!(shrinkage >= 0 && Number.isFinite(shrinkage)))
      throw invalid("shrinkage", "must be a finite number >= 0");
    const k = options.k ?? defaultNeighbours(history.quality);
    if (!Number.isInteger(k) || k < 1 || k > 0x7fffffff - 1)
      throw invalid("k", "must be a whole number from 1 to 2147483646");

    this.models = names;
    this.k = k;
    this.#pool = pool;
    this.#tokens = tokens ?? InputTokenEstimator.fit(history.queries, history.inputTokens);
    this.#index = index;
    const learned = (options as LearnedOptions)[LEARNED];
    if (learned !== undefined) {
      this.#handle = learned;
      return;
    }
    refuseUnlessAnyKnown(history.quality);
    const outputTokens = tokensToFit(this.#outputTokens(history), pool.models);
    this.#handle = native(() =>
      binding().createNeighbours(
        history.quality,
        outputTokens,
        Float64Array.from(pool.models, model => model.inputPer1M),
        Float64Array.from(pool.models, model => model.outputPer1M),
        k,
        power,
        shrinkage,
      ),
    );
  }

  /**
   * What each model is expected to do with each query. The batch is copied before the call returns.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  async predict(
    batch: QueryBatch,
    options: PredictOptions & { signal?: AbortSignal } = {},
  ): Promise<NeighbourPredictions> {
    checkOptions(options, ["exclude", "signal"]);
    const { signal } = options;
    signal?.throwIfAborted();
    this.#check(batch, options.exclude);
    // Copied, so that a caller may change or transfer its own while this is under way.
    const steady = { embeddings: batch.embeddings.slice(), inputTokens: batch.inputTokens.slice() };
    const result = this.#allocate(steady.inputTokens.length);
    for (const slice of this.#slices(steady, options.exclude?.slice())) {
      const { ids, similarities, k } =
        slice.k === 0
          ? NO_MATCHES
          : await this.#index.searchAsync(slice.embeddings, slice.k, signal ? { signal } : {});
      const part = await settle(signal, () =>
        binding().estimateNeighboursAsync(
          this.#handle,
          ids,
          similarities,
          k,
          slice.inputTokens,
          slice.exclude,
        ),
      );
      place(part, result, slice.row * this.models.length);
      placeNearest({ ids, similarities, k }, slice.exclude, result.nearest, slice.row);
    }
    return result;
  }

  /**
   * {@link predict} at once, on this thread.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`
   */
  predictSync(batch: QueryBatch, options: PredictOptions = {}): NeighbourPredictions {
    checkOptions(options, ["exclude"]);
    this.#check(batch, options.exclude);
    const result = this.#allocate(batch.inputTokens.length);
    for (const slice of this.#slices(batch, options.exclude)) {
      const { ids, similarities, k } =
        slice.k === 0 ? NO_MATCHES : this.#index.search(slice.embeddings, slice.k);
      const part = native(() =>
        binding().estimateNeighbours(this.#handle, ids, similarities, k, slice.inputTokens, slice.exclude),
      );
      place(part, result, slice.row * this.models.length);
      placeNearest({ ids, similarities, k }, slice.exclude, result.nearest, slice.row);
    }
    return result;
  }

  learned({ history, index, rows }: Learned): NeighbourPredictor {
    const width = this.models.length;
    const pick = (values: Float32Array, width: number) => {
      const picked = new Float32Array(rows.length * width);
      for (const [at, row] of rows.entries())
        picked.set(values.subarray(row * width, (row + 1) * width), at * width);
      return picked;
    };
    const quality = pick(history.quality, width);
    const outputTokens = this.#outputTokens({
      size: rows.length,
      queries: Array.from(rows, row => history.queries[row]!),
      inputTokens: pick(history.inputTokens, 1),
      outputTokens: pick(history.outputTokens, width),
      cost: pick(history.cost, width),
    });
    const options: LearnedOptions = {
      k: this.k,
      tokens: this.#tokens,
      [LEARNED]: native(() => binding().learnNeighbours(this.#handle, rows, quality, outputTokens)),
    };
    return new NeighbourPredictor(history, this.#pool, index, options);
  }

  estimates(): Omit<ModelEstimate, "graded">[] {
    const { quality, error } = native(() => binding().neighboursPrior(this.#handle));
    return this.models.map((model, column) => ({
      model,
      quality: quality[column]!,
      uncertainty: error[column]!,
    }));
  }

  static {
    brand(NeighbourPredictor.prototype, "NeighbourPredictor");
  }

  /** Where a record does not say its input tokens, they are estimated. */
  #outputTokens(history: Omit<NeighbourHistory, "models" | "quality">): Float32Array {
    const inputTokens = this.#tokens.complete(history.queries, history.inputTokens);
    return knownOutputTokens(history, inputTokens, this.#pool.models);
  }

  #check(batch: QueryBatch, exclude: Int32Array | undefined): void {
    checkObject(batch, "batch");
    const { embeddings, inputTokens } = batch;
    checkArray(embeddings, "Float32Array", "batch.embeddings");
    checkArray(inputTokens, "Float32Array", "batch.inputTokens");
    const rows = inputTokens.length;
    if (embeddings.length !== rows * this.#index.dimension)
      throw invalid(
        "batch.embeddings",
        `has ${embeddings.length} elements where ${rows} queries x ${this.#index.dimension} dimensions are needed`,
      );
    const bad = inputTokens.findIndex(tokens => !(tokens >= 0 && tokens < Number.POSITIVE_INFINITY));
    if (bad >= 0) throw invalid(`batch.inputTokens[${bad}]`, "must be a finite number >= 0");
    if (exclude === undefined) return;
    checkArray(exclude, "Int32Array", "exclude");
    if (exclude.length !== rows)
      throw invalid("exclude", `has ${exclude.length} elements for ${rows} queries`);
  }

  #allocate(rows: number): NeighbourPredictions {
    const matrix = () => new Float32Array(rows * this.models.length);
    const [quality, outputTokens, cost, support] = [matrix(), matrix(), matrix(), matrix()];
    const nearest = new Float32Array(rows);
    return { rows, models: this.models, quality, outputTokens, cost, support, nearest };
  }

  *#slices({ embeddings, inputTokens }: QueryBatch, exclude: Int32Array | undefined) {
    const { dimension, size } = this.#index;
    // The excluded one may be among the k nearest: one more is asked for, and the native side counts to k.
    const k = Math.min(this.k + (exclude === undefined ? 0 : 1), size);
    for (let row = 0; row < inputTokens.length; row += ROWS_PER_SEARCH) {
      const end = Math.min(row + ROWS_PER_SEARCH, inputTokens.length);
      yield {
        row,
        k,
        embeddings: embeddings.subarray(row * dimension, end * dimension),
        inputTokens: inputTokens.subarray(row, end),
        exclude: exclude?.subarray(row, end),
      };
    }
  }
}

/** What an empty index finds. */
const NO_MATCHES: NeighbourMatches = { ids: new Int32Array(0), similarities: new Float32Array(0), k: 0 };

function place(part: NativeEstimates, whole: NeighbourPredictions, offset: number): void {
  whole.quality.set(part.quality, offset);
  whole.outputTokens.set(part.outputTokens, offset);
  whole.cost.set(part.cost, offset);
  whole.support.set(part.support, offset);
}

/** `Predictions.nearest` is a mean over so many: one alone may be a copy by chance. */
const NEAREST = 10;

function placeNearest(
  { ids, similarities, k }: NeighbourMatches,
  exclude: Int32Array | undefined,
  nearest: Float32Array,
  row: number,
): void {
  for (let i = 0; k > 0 && i * k < ids.length; i++) {
    let [sum, count] = [0, 0];
    for (let at = i * k; at < (i + 1) * k && count < NEAREST; at++) {
      if (ids[at]! < 0 || ids[at] === exclude?.[i]) continue;
      sum += similarities[at]!;
      count++;
    }
    nearest[row + i] = count === 0 ? 0 : sum / count;
  }
}

/** Neighbours per query for a history with these outcomes; `NeighbourOptions.k` says why. */
export function defaultNeighbours(quality: Float32Array): number {
  let present = 0;
  for (const value of quality) if (!Number.isNaN(value)) present++;
  return Math.ceil(DEFAULT_OUTCOMES * Math.sqrt(quality.length / Math.max(present, 1)));
}

function checkHistory(history: NeighbourHistory): void {
  checkObject(history, "history");
  if (!Array.isArray(history.models)) throw invalid("history.models", "must be an array of names");
  checkTexts(history.queries, "history.queries");
  for (const name of ["inputTokens", "quality", "outputTokens", "cost"] as const)
    checkArray(history[name], "Float32Array", `history.${name}`);
}

function checkPool(pool: PricedPool): void {
  checkObject(pool, "pool");
  if (!Array.isArray(pool.models)) throw invalid("pool.models", "must be an array of models");
  for (const [m, model] of pool.models.entries()) checkObject(model, `pool.models[${m}]`);
}

function refuseUnlessAnyKnown(quality: Float32Array): void {
  if (quality.every(value => Number.isNaN(value)))
    throw new OmniRouterError(
      "ERR_OMNI_INVALID_HISTORY",
      "no outcome of a model of the pool has quality: there is nothing to learn from",
      { argument: "history" },
    );
}
