import { type AssignOptions, solve, solveAsync } from "../assignment/assign.js";
import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import { invalid } from "../errors.js";
import type { FloorHistory } from "../floors/residuals.js";
import { solvePromised, solvePromisedAsync } from "../floors/solve.js";
import type { History, HistoryReport } from "../history/history.js";
import type { HistorySource } from "../history/source.js";
import { checkObject } from "../keys.js";
import type { ModelPool } from "../pool/pool.js";
import type { Embedder } from "../prediction/embedder.js";
import { HybridPredictor } from "../prediction/hybrid-predictor.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";
import type { Predictions, Predictor } from "../prediction/predictor.js";
import { show } from "../show.js";
import { embedTexts, embedTextsSync } from "./embed.js";
import { type FitOptions, fitParts } from "./fit.js";
import { compileLimits, type RouteLimits } from "./limits.js";
import { type QueryColumns, queryColumns, type RouteQuery } from "./queries.js";
import { RoutePlan, type RouteTimings } from "./route-plan.js";
import { loadParts, type RouterParts, saveParts } from "./saved.js";

export interface RouteOptions extends AssignOptions {
  readonly signal?: AbortSignal;
  /** Called after every few thousand queries whose outcomes have been predicted. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One query routed by given prices. */
export interface PricedRoute {
  readonly model: string;
  /** Predicted, 0 to 1. */
  readonly quality: number;
  /** Predicted, USD. */
  readonly cost: number;
  /** Predicted. */
  readonly outputTokens: number;
  /** The next best allowed model at these prices, and what it would lose; absent if no other is allowed. */
  readonly runnerUp?: { readonly model: string; readonly loss: number };
}

/** So many queries are embedded at once: bounds the memory of a batch of any size. */
const ROWS_PER_CHUNK = 8192;

/**
 * Decides which model of a pool answers which query. Fitted on a history of graded answers, it predicts every model's
 * quality, output tokens and cost for new queries, and assigns a batch of them at once within limits.
 *
 * ```ts
 * const router = await Router.fit("history.jsonl.gz", "pool.yaml");
 * const plan = await router.route(queries, { minQuality: 0.8, capacity: { "large-1": 200 } });
 * ```
 *
 * Immutable: any number of calls may be under way at once, and the same queries and limits give the same plan, whatever
 * the number of threads, and after a save and a load.
 *
 * Models of the pool without any graded outcome in the history ({@link report}`.ungraded`) are given no queries: nothing
 * is known of them.
 */
export class Router {
  readonly pool: ModelPool;
  /** What the history holds of each model, which models of the pool it lacks and which others it has. */
  readonly report: HistoryReport;
  readonly #parts: RouterParts;
  readonly #predictor: Predictor;
  /** Bit j: the history has a graded outcome of model j. */
  readonly #usable: bigint;

  private constructor(parts: RouterParts) {
    const { pool, history, predictor } = parts;
    this.#parts = parts;
    this.pool = pool;
    this.report = history.report;
    this.#predictor = predictor;
    this.#usable = history.report.models.reduce(
      (mask, { graded }, column) => (graded > 0 ? mask | (1n << BigInt(column)) : mask),
      0n,
    );
  }

  /**
   * Fits a router: reads the history, embeds its queries, indexes them and fits the predictor.
   *
   * @param history path, URL, stream or iterable of records (see `readRecords`), or a `History` read for this pool.
   * @param pool a `ModelPool`, the path or URL of its YAML or JSON file, or an object such as `{ models: [...] }`.
   * @throws OmniRouterError `ERR_OMNI_INVALID_HISTORY`, `ERR_OMNI_INVALID_POOL`, `ERR_OMNI_IO`, `ERR_OMNI_EMBEDDER`,
   *   `ERR_OMNI_INVALID_ARGUMENT`; the signal's reason when aborted
   */
  static async fit(
    history: HistorySource | History,
    pool: ModelPool | string | URL | object,
    options: FitOptions = {},
  ): Promise<Router> {
    return new Router(await fitParts(history, pool, options));
  }

  /** Names the embedder's vectors. */
  get embedder(): string {
    return this.#parts.embedder.fingerprint;
  }

  /** Neighbours that each prediction rests on. */
  get neighbours(): number {
    return this.#parts.neighbours;
  }

  /**
   * What the predictor would have said of each query of the history, had it not been in it; absent where the router was
   * saved by a release that predicted from neighbours alone.
   */
  get outOfFold(): OutOfFoldPredictions | undefined {
    return this.#predictor instanceof HybridPredictor ? this.#predictor.outOfFold : undefined;
  }

  /**
   * Assigns a batch of queries. Limits that cannot hold are an answer (`plan.feasible`, `plan.certificate`), not an
   * exception; so are floors that cannot be promised (`plan.promise`). A floor with a confidence takes about four
   * solves instead of one, and a `timeLimit` is for each of them.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` naming the query or limit, `ERR_OMNI_EMBEDDER`; the signal's
   *   reason when aborted
   */
  async route(
    queries: readonly (string | RouteQuery)[],
    limits: RouteLimits,
    options: RouteOptions = {},
  ): Promise<RoutePlan> {
    checkObject(options, "options");
    const { signal, onProgress, ...assignOptions } = options;
    const compiled = compileLimits(limits, this.pool);
    const columns = this.#columns(queries, compiled.groupNames);
    const { predictions, ...timings } = await this.#predict(columns, signal, onProgress);
    const started = performance.now();
    const problem = problemOf(columns, predictions, compiled);
    const solveOptions = { ...assignOptions, ...(signal ? { signal } : {}) };
    const { solved, promises } =
      compiled.promises.length === 0
        ? { solved: await solveAsync(problem, solveOptions), promises: [] }
        : await solvePromisedAsync(problem, compiled.promises, this.#floorHistory(), solveOptions);
    const assign = performance.now() - started;
    return new RoutePlan(solved, columns, predictions, { ...timings, assign }, promises);
  }

  /**
   * {@link route} at once, for small batches: blocks the event loop. Needs an embedder with `embedSync`, as the built-in
   * one has.
   */
  routeSync(
    queries: readonly (string | RouteQuery)[],
    limits: RouteLimits,
    options: AssignOptions = {},
  ): RoutePlan {
    const compiled = compileLimits(limits, this.pool);
    const columns = this.#columns(queries, compiled.groupNames);
    const { predictions, ...timings } = this.#predictSync(columns);
    const started = performance.now();
    const problem = problemOf(columns, predictions, compiled);
    const { solved, promises } =
      compiled.promises.length === 0
        ? { solved: solve(problem, options), promises: [] }
        : solvePromised(problem, compiled.promises, this.#floorHistory(), options);
    const assign = performance.now() - started;
    return new RoutePlan(solved, columns, predictions, { ...timings, assign }, promises);
  }

  /** What each model is expected to do with each query: matrices `[queries x models]`, row-major, in the pool's order. */
  async predict(
    queries: readonly (string | RouteQuery)[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Predictions> {
    checkObject(options, "options");
    return (await this.#predict(this.#columns(queries), options.signal)).predictions;
  }

  /**
   * Routes one query by the prices of an earlier plan, synchronously and without a solve, in about a millisecond. Limits
   * do not bind then: they cost what they cost in that plan. Needs an embedder with `embedSync`.
   */
  routeByPrices(query: string | RouteQuery, prices: Prices): PricedRoute {
    if (!(prices instanceof Prices))
      throw invalid("prices", `must be the Prices of a plan, got ${show(prices)}`);
    const columns = this.#columns([query]);
    const { quality, cost, outputTokens } = this.#predictSync(columns).predictions;
    const group = typeof query === "string" ? undefined : query.group;
    const allowed = columns.allowed?.[0];
    let best: { column: number; reduced: number } | undefined;
    let second: typeof best;
    this.pool.names.forEach((model, column) => {
      if (allowed !== undefined && !((allowed >> BigInt(column)) & 1n)) return;
      const values = {
        quality: quality[column]!,
        cost: cost[column]!,
        outputTokens: outputTokens[column]!,
      };
      const candidate = { column, reduced: prices.reduced(model, values, group) };
      if (best === undefined || candidate.reduced < best.reduced) [best, second] = [candidate, best];
      else if (second === undefined || candidate.reduced < second.reduced) second = candidate;
    });
    const { column, reduced } = best!; // the columns allow at least one model
    return {
      model: this.pool.names[column]!,
      quality: quality[column]!,
      cost: cost[column]!,
      outputTokens: outputTokens[column]!,
      ...(second === undefined
        ? {}
        : { runnerUp: { model: this.pool.names[second.column]!, loss: second.reduced - reduced } }),
    };
  }

  /**
   * Saves the router to a folder of its own, as its next generation: until that is complete on the disk, the one before
   * it is what loads. The built-in embedder is saved too; of any other only the fingerprint.
   *
   * @throws OmniRouterError `ERR_OMNI_IO`, `ERR_OMNI_LOCKED`; the signal's reason when aborted
   */
  async save(directory: string | URL, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkDirectory(directory);
    checkObject(options, "options");
    await saveParts(directory, this.#parts, options.signal);
  }

  /**
   * Loads a saved router. `embedder` is the one it was fitted with, where that was not the built-in one.
   *
   * @throws OmniRouterError `ERR_OMNI_IO` where there is none, `ERR_OMNI_CORRUPT`, `ERR_OMNI_VERSION`;
   *   `ERR_OMNI_EMBEDDER` where the embedder is missing or another; the signal's reason when aborted
   */
  static async load(
    directory: string | URL,
    options: { readonly embedder?: Embedder; readonly signal?: AbortSignal } = {},
  ): Promise<Router> {
    checkDirectory(directory);
    checkObject(options, "options");
    return new Router(await loadParts(directory, options));
  }

  #columns(queries: readonly (string | RouteQuery)[], groupNames: readonly string[] = []): QueryColumns {
    const { pool, tokens } = this.#parts;
    return queryColumns(queries, { pool, tokens, groupNames, usable: this.#usable });
  }

  #floorHistory(): FloorHistory {
    const { outOfFold } = this;
    if (outOfFold === undefined)
      throw invalid(
        "limits.confidence",
        "needs predictions that were made out of fold, which this router, saved by an earlier release, does not hold: fit it again",
      );
    return { outOfFold, quality: this.#parts.history.quality };
  }

  async #predict(
    columns: QueryColumns,
    signal: AbortSignal | undefined,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Predicted> {
    const rows = columns.texts.length;
    const predicted = newPredicted(rows, this.pool.names);
    for (let start = 0; start < rows; start += ROWS_PER_CHUNK) {
      const end = Math.min(rows, start + ROWS_PER_CHUNK);
      const clock = performance.now();
      const texts = columns.texts.slice(start, end);
      const embeddings = await embedTexts(this.#parts.embedder, texts, signal);
      const embedded = performance.now();
      const inputTokens = columns.inputTokens.subarray(start, end);
      const part = await this.#predictor.predict(
        { embeddings, inputTokens, texts },
        signal ? { signal } : {},
      );
      place(predicted, part, start, embedded - clock, performance.now() - embedded);
      onProgress?.(end, rows);
    }
    return predicted;
  }

  #predictSync(columns: QueryColumns): Predicted {
    const rows = columns.texts.length;
    const predicted = newPredicted(rows, this.pool.names);
    for (let start = 0; start < rows; start += ROWS_PER_CHUNK) {
      const end = Math.min(rows, start + ROWS_PER_CHUNK);
      const clock = performance.now();
      const texts = columns.texts.slice(start, end);
      const embeddings = embedTextsSync(this.#parts.embedder, texts);
      const embedded = performance.now();
      const inputTokens = columns.inputTokens.subarray(start, end);
      const part = this.#predictor.predictSync({ embeddings, inputTokens, texts });
      place(predicted, part, start, embedded - clock, performance.now() - embedded);
    }
    return predicted;
  }
}

interface Predicted extends Omit<RouteTimings, "assign"> {
  readonly predictions: Predictions;
  embed: number;
  predict: number;
}

function newPredicted(rows: number, models: readonly string[]): Predicted {
  const matrix = () => new Float32Array(rows * models.length);
  return {
    predictions: { rows, models, quality: matrix(), outputTokens: matrix(), cost: matrix() },
    embed: 0,
    predict: 0,
  };
}

/** Puts a chunk's predictions where they belong, and adds its times. */
function place(whole: Predicted, part: Predictions, row: number, embed: number, predict: number): void {
  const { models, quality, outputTokens, cost } = whole.predictions;
  quality.set(part.quality, row * models.length);
  outputTokens.set(part.outputTokens, row * models.length);
  cost.set(part.cost, row * models.length);
  whole.embed += embed;
  whole.predict += predict;
}

function problemOf(
  { allowed, groups, groupNames }: QueryColumns,
  { models, quality, cost, outputTokens }: Predictions,
  { objective, limits }: Pick<AssignmentProblem, "objective" | "limits">,
): AssignmentProblem {
  return {
    models,
    quantities: { quality, cost, outputTokens },
    objective,
    ...(limits === undefined ? {} : { limits }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(groups === undefined || groupNames === undefined ? {} : { groups, groupNames }),
  };
}

function checkDirectory(directory: unknown): void {
  if (!(directory instanceof URL) && !(typeof directory === "string" && directory !== ""))
    throw invalid("directory", "must be the path of a folder");
}
