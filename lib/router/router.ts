import { type AssignOptions, solve, solveAsync } from "../assignment/assign.js";
import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import { invalid } from "../errors.js";
import type { History, HistoryReport } from "../history/history.js";
import type { HistorySource } from "../history/source.js";
import { checkObject } from "../keys.js";
import { ModelPool } from "../pool/pool.js";
import type { Model } from "../pool/schema.js";
import type { Embedder } from "../prediction/embedder.js";
import type { ModelEstimate, Predictions } from "../prediction/predictor.js";
import { show } from "../show.js";
import { embedTexts, embedTextsSync } from "./embed.js";
import { type FitOptions, fitParts, type RefitOptions } from "./fit.js";
import { Knowledge, type LearnOptions, type LearnReport } from "./knowledge.js";
import { compileLimits, type RouteLimits } from "./limits.js";
import { columnOf } from "./model-names.js";
import { type QueryColumns, queryColumns, type RouteQuery } from "./queries.js";
import { RoutePlan, type RouteTimings } from "./route-plan.js";
import { modelEstimates, type RouterState } from "./state.js";

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
 * Any number of calls may be under way at once, and the same queries and limits give the same plan, whatever the number
 * of threads, and after a save and a load. What a router knows changes only by {@link learn}, {@link setPool},
 * {@link addModel}, {@link removeModel}, {@link refit} and {@link refresh}, one after the other; a batch that is being
 * routed meanwhile is predicted wholly by what was known when it began.
 *
 * Models of the pool without any graded outcome in the history ({@link report}`.ungraded`) are given no queries: nothing
 * is known of them. From their first graded outcome on they are, with what the whole pool does as the measure of what is
 * not known yet ({@link estimates}).
 */
export class Router {
  readonly #knowledge: Knowledge;

  private constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  /**
   * Fits a router: reads the history, embeds its queries and indexes them.
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
    return new Router(new Knowledge(await fitParts(history, pool, options)));
  }

  get pool(): ModelPool {
    return this.#knowledge.state.parts.pool;
  }

  /** What the history holds of each model, which models of the pool it lacks and which others it has. */
  get report(): HistoryReport {
    return this.#knowledge.state.parts.history.report;
  }

  /**
   * Absolute path of the folder that this router was last loaded from or saved to, and which holds whatever it learns.
   * Undefined before: what it learns then is in memory only.
   */
  get directory(): string | undefined {
    return this.#knowledge.directory;
  }

  /** Names the embedder's vectors. */
  get embedder(): string {
    return this.#knowledge.state.parts.embedder.fingerprint;
  }

  /** Neighbours that each prediction rests on. */
  get neighbours(): number {
    return this.#knowledge.state.parts.neighbours;
  }

  /** What is known of each model of the pool as a whole, and how unsure that is; in the pool's order. */
  estimates(): ModelEstimate[] {
    return modelEstimates(this.#knowledge.state);
  }

  /**
   * Assigns a batch of queries. Limits that cannot hold are an answer (`plan.feasible`, `plan.certificate`), not an
   * exception.
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
    const { state } = this.#knowledge;
    const compiled = compileLimits(limits, state.parts.pool);
    const columns = columnsOf(state, queries, compiled.groupNames);
    const { predictions, ...timings } = await predict(state, columns, signal, onProgress);
    const started = performance.now();
    let removed = this.#removed(state);
    for (;;) {
      const allowed = without(removed, columns, state);
      const solved = await solveAsync(problemOf({ ...columns, ...allowed }, predictions, compiled), {
        ...assignOptions,
        ...(signal ? { signal } : {}),
      });
      const now = this.#removed(state);
      const assign = performance.now() - started;
      if (now === removed) return new RoutePlan(solved, columns, predictions, { ...timings, assign });
      removed = now;
    }
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
    const { state } = this.#knowledge;
    const compiled = compileLimits(limits, state.parts.pool);
    const columns = columnsOf(state, queries, compiled.groupNames);
    const { predictions, ...timings } = predictSync(state, columns);
    const started = performance.now();
    const solved = solve(problemOf(columns, predictions, compiled), options);
    const assign = performance.now() - started;
    return new RoutePlan(solved, columns, predictions, { ...timings, assign });
  }

  /** What each model is expected to do with each query: matrices `[queries x models]`, row-major, in the pool's order. */
  async predict(
    queries: readonly (string | RouteQuery)[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Predictions> {
    checkObject(options, "options");
    const { state } = this.#knowledge;
    return (await predict(state, columnsOf(state, queries), options.signal)).predictions;
  }

  /**
   * Routes one query by the prices of an earlier plan, synchronously and without a solve, in about a millisecond. Limits
   * do not bind then: they cost what they cost in that plan. Needs an embedder with `embedSync`.
   */
  routeByPrices(query: string | RouteQuery, prices: Prices): PricedRoute {
    if (!(prices instanceof Prices))
      throw invalid("prices", `must be the Prices of a plan, got ${show(prices)}`);
    const { state } = this.#knowledge;
    const columns = columnsOf(state, [query]);
    const { quality, cost, outputTokens } = predictSync(state, columns).predictions;
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
   * Adds graded answers to what the router knows, without a fit: records as `readRecords` reads them. Predictions rest on
   * them as soon as this resolves; the built-in embedder's features, the number of neighbours and the estimate of input
   * tokens stay those of the last fit until {@link refit}.
   *
   * A record belongs to the query of the history that has its id, or, where it has none, to the first that has its text;
   * where there is no such query it is a new one. What it says of an outcome that is known already takes the place of what
   * was known, part by part: quality, outputTokens, cost, latencyMs; parts that it does not name stay. So grades may come
   * later than lengths and costs, and learning the same records twice changes nothing.
   *
   * All or nothing: a bad record, or an id that is another text's, rejects the call (or is left out, with
   * `onBadRecord: "skip"`), and nothing has changed then. Outcomes of models that the pool does not have are left out, and
   * counted; a record without any other says nothing, and is passed over.
   *
   * Where the router has a folder ({@link directory}), the records are on its disk before this resolves: whatever happens
   * then, {@link load} finds them. Other processes may learn in the same folder; what they have added is taken in here
   * first, and where one has saved a newer generation, that is loaded first.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_HISTORY` naming the record, `ERR_OMNI_EMBEDDER`, `ERR_OMNI_IO`,
   *   `ERR_OMNI_LOCKED`, `ERR_OMNI_CORRUPT`; the signal's reason when aborted before anything was written
   */
  async learn(records: HistorySource, options: LearnOptions = {}): Promise<LearnReport> {
    checkObject(options, "options");
    return await this.#knowledge.learn(records, options);
  }

  /**
   * Puts another pool in the place of the present one: prices, capacities, models. Models that stay, by their name, keep
   * their outcomes; those of models that are left out are forgotten. Durable as {@link learn} is.
   *
   * Once this resolves, no model that was left out is chosen any more, not even by a call that was under way:
   * {@link route} assigns its queries to the others then. Such a call keeps everything else as it was when it began.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_POOL`; `ERR_OMNI_INVALID_HISTORY` where no model with a graded outcome would
   *   be left; as {@link learn} does
   */
  async setPool(pool: ModelPool | object, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkObject(options, "options");
    const next = ModelPool.from(pool);
    await this.#knowledge.setPool(() => next, options.signal);
  }

  /**
   * {@link setPool} with one model more. It is given no queries until {@link learn} has brought its first graded outcome;
   * from then on it is judged by its own outcomes, and as far as they are few by the mean of the pool.
   */
  async addModel(model: Model, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkObject(options, "options");
    await this.#knowledge.setPool(pool => ModelPool.from([...pool.models, model]), options.signal);
  }

  /** {@link setPool} without one of the models. */
  async removeModel(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkObject(options, "options");
    await this.#knowledge.setPool(pool => {
      columnOf(pool, name, "name");
      return ModelPool.from(pool.models.filter(model => model.name !== name));
    }, options.signal);
  }

  /**
   * Fits anew on everything that the router knows, off the event loop, and then changes over at once. What is learned
   * meanwhile counts before and after. A router of a folder is saved to it as the next generation.
   *
   * @throws OmniRouterError `ERR_OMNI_BUSY` where a refit of this router is under way; `ERR_OMNI_SUPERSEDED` where another
   *   process has saved the folder meanwhile; as {@link fit} and {@link save} do. The router is then as it was.
   */
  async refit(options: RefitOptions = {}): Promise<void> {
    await this.#knowledge.refit(options);
  }

  /**
   * Takes in what other processes have added to this router's folder, or saved there, as every change of its own does
   * anyway: for those that only route. Nothing for a router without a folder.
   *
   * @throws OmniRouterError as {@link load} does; the router is then as it was
   */
  async refresh(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkObject(options, "options");
    await this.#knowledge.refresh(options.signal);
  }

  /**
   * Saves the router to a folder of its own, as its next generation: until that is complete on the disk, the one before
   * it is what loads. The built-in embedder is saved too; of any other only the fingerprint. What the router learns from
   * then on is kept in that folder. To the folder that it has already, this makes a load quicker: what was appended there
   * since becomes part of the generation.
   *
   * @throws OmniRouterError `ERR_OMNI_IO`, `ERR_OMNI_LOCKED`; the signal's reason when aborted
   */
  async save(directory: string | URL, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkDirectory(directory);
    checkObject(options, "options");
    await this.#knowledge.save(directory, options.signal);
  }

  /**
   * Loads a saved router, with all that it has learned since. `embedder` is the one it was fitted with, where that was not the built-in one.
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
    return new Router(await Knowledge.load(directory, options));
  }

  /** Bit j: model j of that state is in the pool no more. */
  #removed({ parts }: RouterState): bigint {
    const { pool } = this;
    if (pool === parts.pool) return 0n;
    return parts.pool.names.reduce(
      (mask, name, column) => (pool.indexOf(name) < 0 ? mask | (1n << BigInt(column)) : mask),
      0n,
    );
  }
}

/** The models that may answer each query, some having been removed since the batch was looked at. */
function without(
  removed: bigint,
  { allowed, texts }: QueryColumns,
  { parts, usable }: RouterState,
): Pick<QueryColumns, "allowed"> {
  if (removed === 0n) return {};
  const all = usable & ((1n << BigInt(parts.pool.size)) - 1n);
  const left = (allowed ?? new BigUint64Array(texts.length).fill(all)).map(mask => mask & ~removed);
  const none = left.indexOf(0n);
  if (none >= 0)
    throw invalid(`queries[${none}].allowed`, "names only models that have been removed from the pool since");
  return { allowed: left };
}

function columnsOf(
  { parts: { pool, tokens }, usable }: RouterState,
  queries: readonly (string | RouteQuery)[],
  groupNames: readonly string[] = [],
): QueryColumns {
  return queryColumns(queries, { pool, tokens, groupNames, usable });
}

async function predict(
  { parts: { embedder, pool }, predictor }: RouterState,
  columns: QueryColumns,
  signal: AbortSignal | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<Predicted> {
  const rows = columns.texts.length;
  const predicted = newPredicted(rows, pool.names);
  for (let start = 0; start < rows; start += ROWS_PER_CHUNK) {
    const end = Math.min(rows, start + ROWS_PER_CHUNK);
    const clock = performance.now();
    const embeddings = await embedTexts(embedder, columns.texts.slice(start, end), signal);
    const embedded = performance.now();
    const inputTokens = columns.inputTokens.subarray(start, end);
    const part = await predictor.predict({ embeddings, inputTokens }, signal ? { signal } : {});
    place(predicted, part, start, embedded - clock, performance.now() - embedded);
    onProgress?.(end, rows);
  }
  return predicted;
}

function predictSync(
  { parts: { embedder, pool }, predictor }: RouterState,
  columns: QueryColumns,
): Predicted {
  const rows = columns.texts.length;
  const predicted = newPredicted(rows, pool.names);
  for (let start = 0; start < rows; start += ROWS_PER_CHUNK) {
    const end = Math.min(rows, start + ROWS_PER_CHUNK);
    const clock = performance.now();
    const embeddings = embedTextsSync(embedder, columns.texts.slice(start, end));
    const embedded = performance.now();
    const inputTokens = columns.inputTokens.subarray(start, end);
    const part = predictor.predictSync({ embeddings, inputTokens });
    place(predicted, part, start, embedded - clock, performance.now() - embedded);
  }
  return predicted;
}

interface Predicted extends Omit<RouteTimings, "assign"> {
  readonly predictions: Predictions;
  embed: number;
  predict: number;
}

function newPredicted(rows: number, models: readonly string[]): Predicted {
  const matrix = () => new Float32Array(rows * models.length);
  return {
    predictions: {
      rows,
      models,
      quality: matrix(),
      outputTokens: matrix(),
      cost: matrix(),
      support: matrix(),
    },
    embed: 0,
    predict: 0,
  };
}

/** Puts a chunk's predictions where they belong, and adds its times. */
function place(whole: Predicted, part: Predictions, row: number, embed: number, predict: number): void {
  const { models, quality, outputTokens, cost, support } = whole.predictions;
  quality.set(part.quality, row * models.length);
  outputTokens.set(part.outputTokens, row * models.length);
  cost.set(part.cost, row * models.length);
  support.set(part.support, row * models.length);
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
