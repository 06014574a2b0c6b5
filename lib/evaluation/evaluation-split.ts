import type { History } from "../history/history.js";
import type { ModelPool } from "../pool/pool.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import { VectorIndex } from "../retrieval/vector-index.js";
import { Router } from "../router/router.js";
import type { Billing } from "./billing.js";
import { type Outcomes, outcomesOf } from "./outcomes.js";
import { foldsOf } from "./splits.js";

/** Folds of the cross-validation inside the history by which every method's hyper-parameter is chosen. */
const FOLDS = 3;

/** So many neighbours are looked up once, for whichever methods use them. */
const MOST_NEIGHBOURS = 400;

/** The nearest queries of the history, `[rows x k]`, nearest first; -1 where there are fewer. */
export interface Neighbours {
  readonly ids: Int32Array;
  readonly similarities: Float32Array;
  readonly k: number;
}

/** `Outcomes.propensity` of both sides of a split. */
export interface SplitPropensity {
  readonly history: Float32Array;
  readonly heldOut: Float32Array;
}

/** One split of a set, and what the methods share of it: the embeddings, the neighbours, the folds and the router. */
export class EvaluationSplit {
  readonly pool: ModelPool;
  readonly history: History;
  readonly heldOut: History;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  /** Of the history and the held-out queries. */
  readonly outcomes: { readonly history: Outcomes; readonly heldOut: Outcomes };
  /** Per query of the history, its fold. */
  readonly fold: Uint8Array;
  /** Of the built-in embedder, fitted on the history's texts: `[rows x dimension]`. */
  readonly embeddings: { readonly history: Float32Array; readonly heldOut: Float32Array };
  readonly dimension: number;
  readonly neighbours: { readonly history: Neighbours; readonly heldOut: Neighbours };
  #router: Promise<Router> | undefined;

  private constructor(
    parts: Pick<
      EvaluationSplit,
      "pool" | "history" | "heldOut" | "seed" | "signal" | "embeddings" | "dimension" | "neighbours"
    >,
    billing: Billing,
    propensity: SplitPropensity | undefined,
  ) {
    this.pool = parts.pool;
    this.history = parts.history;
    this.heldOut = parts.heldOut;
    this.seed = parts.seed;
    this.signal = parts.signal;
    this.embeddings = parts.embeddings;
    this.dimension = parts.dimension;
    this.neighbours = parts.neighbours;
    this.outcomes = {
      history: outcomesOf(parts.history, parts.pool, billing, propensity?.history),
      heldOut: outcomesOf(parts.heldOut, parts.pool, billing, propensity?.heldOut),
    };
    this.fold = foldsOf(parts.history.queries, FOLDS, parts.seed);
  }

  /**
   * @param billing of the whole set, so that an outcome costs the same on either side of whichever split
   * @param propensity of the outcomes, for a set of which not all are known
   */
  static async prepare(
    pool: ModelPool,
    history: History,
    heldOut: History,
    billing: Billing,
    seed: number,
    signal?: AbortSignal,
    propensity?: SplitPropensity,
  ): Promise<EvaluationSplit> {
    const stop = signal ? { signal } : {};
    const embedder = await TextEmbedder.fit(history.queries, { seed, ...stop });
    const embeddings = {
      history: await embedder.embed(history.queries, stop),
      heldOut: await embedder.embed(heldOut.queries, stop),
    };
    const index = new VectorIndex(embedder.dimension);
    await index.addAsync(embeddings.history, undefined, stop);
    await index.settled(stop);
    const k = Math.min(MOST_NEIGHBOURS, history.size);
    const neighbours = {
      history: await index.searchAsync(embeddings.history, k, stop),
      heldOut: await index.searchAsync(embeddings.heldOut, k, stop),
    };
    const { dimension } = embedder;
    return new EvaluationSplit(
      { pool, history, heldOut, seed, signal, embeddings, dimension, neighbours },
      billing,
      propensity,
    );
  }

  /** The router as anybody fits it, by its defaults, on the history. */
  router(): Promise<Router> {
    const { history, pool, seed, signal } = this;
    this.#router ??= Router.fit(history, pool, { seed, ...(signal ? { signal } : {}) });
    return this.#router;
  }
}
