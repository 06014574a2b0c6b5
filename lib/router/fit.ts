import { invalid } from "../errors.js";
import {
  clustersOf,
  isEvenlyObserved,
  isSelectedByText,
  observationOf,
  selectionIndicators,
} from "../floors/evidence.js";
import type { HistoryFormat } from "../history/formats/format.js";
import { HISTORY_FORMATS } from "../history/formats/shaper.js";
import { History } from "../history/history.js";
import type { Selection } from "../history/record.js";
import type { HistorySource } from "../history/source.js";
import { checkOptions } from "../options.js";
import { isUrl } from "../paths.js";
import { ModelPool } from "../pool/pool.js";
import { calibrate } from "../prediction/calibration.js";
import { checkEmbedder, type Embedder } from "../prediction/embedder.js";
import { InputTokenEstimator } from "../prediction/input-tokens.js";
import { defaultNeighbours, NeighbourPredictor } from "../prediction/neighbour-predictor.js";
import { knownOutputTokens, tokensToFit } from "../prediction/output-tokens.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import { TrainedHalf } from "../prediction/trained-half.js";
import { VectorIndex } from "../retrieval/vector-index.js";
import { show } from "../show.js";
import { embedTexts } from "./embed.js";
import type { RouterParts } from "./saved.js";

/**
 * `read`: records of the history; `learn`: the built-in embedder's fit; `embed`: queries; `index`: vectors; `predictor`: the
 * predictor's fit.
 */
export type FitStage = "read" | "learn" | "embed" | "index" | "predictor";

/** How far a fit has come. */
export interface FitProgress {
  /** What is being done. */
  readonly stage: FitStage;
  /** Bytes of the history's files, where it is files (records otherwise), or queries. */
  readonly done: number;
  /** Of how many, where that is known. */
  readonly total?: number;
}

/** How `Router.fit` reads the history, and what it fits. */
export interface FitOptions {
  /** A fitted or remote embedder; unless given, a `TextEmbedder` is fitted on the history. */
  readonly embedder?: Embedder;
  /** Neighbours per query, a whole number >= 1. Default 100, more where outcomes are missing (`NeighbourOptions.k`). */
  readonly neighbours?: number;
  /** Seed of what is random in the fit of the built-in embedder and the predictor, a whole number >= 0. Default 0. */
  readonly seed?: number;
  /** Ends the fit, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called at the beginning and end of each stage, and now and then between. */
  readonly onProgress?: (progress: FitProgress) => void;
  /** Of the history's records; detected from their content, file by file, unless given (`readRecords`). */
  readonly format?: HistoryFormat;
  /** `"error"` (default) rejects at the first bad record; `"skip"` leaves bad ones out and reports them. */
  readonly onBadRecord?: "error" | "skip";
  /** How it was decided which models were graded, of the history's records that do not say it themselves. */
  readonly selection?: Selection;
}

const REFIT_OPTIONS = ["neighbours", "seed", "signal", "onProgress"];
const FIT_OPTIONS = [...REFIT_OPTIONS, "embedder", "format", "onBadRecord", "selection"];

/** So many texts are embedded between two reports of progress: they are copied in and checked on the event loop. */
const TEXTS_PER_CHUNK = 1024;

export async function fitParts(
  source: HistorySource | History,
  poolSource: ModelPool | string | URL | object,
  options: FitOptions,
): Promise<RouterParts> {
  checkOptions(options, FIT_OPTIONS);
  const { signal, onProgress = () => {}, seed = 0 } = options;
  checkValues(options, seed);
  signal?.throwIfAborted();
  const pool = await poolOf(poolSource);
  const history = await historyOf(source, pool, options);
  const { queries } = history;

  let embedder: Embedder;
  let heldOut: Float32Array | undefined;
  if (options.embedder === undefined) {
    onProgress({ stage: "learn", done: 0, total: queries.length });
    const stop = signal ? { signal } : {};
    const fitted = await TextEmbedder.fit(queries, { seed, ...stop });
    heldOut = await fitted.embedHeldOut(queries, stop);
    embedder = fitted;
  } else embedder = TextEmbedder.own(options.embedder);

  const { dimension } = embedder;
  const index = new VectorIndex(dimension);
  const embeddings = new Float32Array(queries.length * dimension);
  for (let done = 0; done < queries.length; done += TEXTS_PER_CHUNK) {
    onProgress({ stage: "embed", done, total: queries.length });
    const vectors = await embedTexts(embedder, queries.slice(done, done + TEXTS_PER_CHUNK), signal);
    embeddings.set(vectors, done * dimension);
    await index.addAsync(vectors, undefined, signal ? { signal } : {});
  }
  onProgress({ stage: "index", done: 0, total: queries.length });
  await index.settled(signal ? { signal } : {});
  onProgress({ stage: "index", done: queries.length, total: queries.length });

  const fitted = await fitPredictor({ pool, history, index }, heldOut ?? embeddings, options);
  return { pool, history, embedder, index, ...fitted };
}

/**
 * The parts that are fitted on the history's outcomes, once its queries are embedded.
 *
 * @param embeddings as the embedder would give them had it not seen the queries: what is fitted on the built-in embedder's
 *   vectors of its own texts takes them for more telling than those of new queries are
 */
async function fitPredictor(
  { pool, history, index }: Pick<RouterParts, "pool" | "history" | "index">,
  embeddings: Float32Array,
  { neighbours, seed = 0, signal, onProgress = () => {} }: FitOptions,
): Promise<Pick<RouterParts, "tokens" | "neighbours" | "trained" | "evidence" | "told">> {
  const { queries: texts, quality } = history;
  const total = texts.length;
  onProgress({ stage: "predictor", done: 0, total });
  const tokens = InputTokenEstimator.fit(texts, history.inputTokens);
  const k = neighbours ?? defaultNeighbours(quality);
  const inputTokens = tokens.complete(texts, history.inputTokens);
  const stop = signal ? { signal } : {};
  const outputTokens = tokensToFit(knownOutputTokens(history, inputTokens, pool.models), pool.models);
  const asGraded = await TrainedHalf.fit(
    new NeighbourPredictor(history, pool, index, { k, tokens }),
    { texts, embeddings, inputTokens, quality, outputTokens },
    pool,
    { seed, ...stop },
  );
  const estimated = isSelectedByText(history) ? await selectionByText() : undefined;
  const observation = observationOf(history, estimated);
  const trained = isEvenlyObserved(observation)
    ? asGraded
    : asGraded.calibrated(
        calibrate(
          asGraded.outOfFold.quality,
          { quality, propensity: observation.propensity },
          pool.names.length,
        ),
        pool,
      );
  const evidence = {
    rows: total,
    models: pool.names,
    ...observation,
    clusters: clustersOf({ vectors: embeddings, dimension: index.dimension }, seed),
  };
  onProgress({ stage: "predictor", done: total, total });
  return { tokens, neighbours: k, trained, evidence, told: { neighbours, seed } };

  /** The probability of each grade to be observed is predicted as quality is, and out of fold as well. */
  async function selectionByText(): Promise<Float32Array> {
    const indicators = selectionIndicators(history);
    const { outOfFold } = await TrainedHalf.fit(
      new NeighbourPredictor(
        {
          size: history.size,
          models: history.models,
          queries: texts,
          inputTokens,
          outputTokens,
          cost: history.cost,
          quality: indicators,
        },
        pool,
        index,
        { k, tokens },
      ),
      { texts, embeddings, inputTokens, quality: indicators, outputTokens },
      pool,
      { seed, ...stop },
    );
    return outOfFold.quality;
  }
}

/** As for the fit; what is left out is as it was for that. */
export type RefitOptions = Pick<FitOptions, "neighbours" | "seed" | "signal" | "onProgress">;

/**
 * The parts fitted anew on the history that they hold. Embeddings are made anew by the built-in embedder, which is
 * fitted again; another embedder is not: its vectors of the history are as good as they were.
 */
export async function refitParts(parts: RouterParts, options: RefitOptions): Promise<RouterParts> {
  checkOptions(options, REFIT_OPTIONS);
  const { neighbours = parts.told.neighbours, seed = parts.told.seed } = options;
  const { history, pool, embedder } = parts;
  if (TextEmbedder.isBuiltIn(embedder))
    return await fitParts(history, pool, {
      ...options,
      seed,
      ...(neighbours === undefined ? {} : { neighbours }),
    });
  checkValues(options, seed);
  options.signal?.throwIfAborted();
  const embeddings = parts.index.vectors(Int32Array.from({ length: history.size }, (_, row) => row));
  const fitted = await fitPredictor(parts, embeddings, {
    ...options,
    seed,
    ...(neighbours === undefined ? {} : { neighbours }),
  });
  return { ...parts, ...fitted };
}

function checkValues({ neighbours, embedder, format, onBadRecord }: FitOptions, seed: number): void {
  if (
    neighbours !== undefined &&
    !(Number.isInteger(neighbours) && neighbours >= 1 && neighbours < 2 ** 31 - 1)
  )
    throw invalid(
      "options.neighbours",
      `must be a whole number from 1 to ${2 ** 31 - 2}, got ${show(neighbours)}`,
    );
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw invalid("options.seed", `must be a whole number >= 0, got ${show(seed)}`);
  if (embedder !== undefined) checkEmbedder(embedder);
  if (format !== undefined && !HISTORY_FORMATS.includes(format))
    throw invalid("options.format", `must be one of ${HISTORY_FORMATS.join(", ")}, got ${show(format)}`);
  if (onBadRecord !== undefined && onBadRecord !== "error" && onBadRecord !== "skip")
    throw invalid("options.onBadRecord", `must be "error" or "skip", got ${show(onBadRecord)}`);
}

async function poolOf(source: ModelPool | string | URL | object): Promise<ModelPool> {
  return typeof source === "string" || isUrl(source) ? await ModelPool.load(source) : ModelPool.from(source);
}

async function historyOf(
  source: HistorySource | History,
  pool: ModelPool,
  { signal, onProgress, format, onBadRecord, selection }: FitOptions,
): Promise<History> {
  const known = History.own(source);
  if (known !== undefined) {
    if (selection !== undefined)
      throw invalid("options.selection", "is for records: a History says it of each of its rows");
    if (known.models.join("\0") !== pool.names.join("\0"))
      throw invalid("history", "must have been read for this pool: its columns are other models");
    return known;
  }
  return await History.read(source as HistorySource, pool, {
    ...(signal ? { signal } : {}),
    ...(format === undefined ? {} : { format }),
    ...(onBadRecord ? { onBadRecord } : {}),
    ...(selection === undefined ? {} : { selection }),
    ...(onProgress
      ? {
          onProgress: ({ records, bytes, totalBytes }) =>
            onProgress(
              totalBytes === undefined
                ? { stage: "read", done: records }
                : { stage: "read", done: bytes, total: totalBytes },
            ),
        }
      : {}),
  });
}
