import type { AssignOptions } from "../assignment/assign.js";
import { Prices } from "../assignment/prices.js";
import { type SelectionCounts, selectionCounts } from "../floors/evidence.js";
import type { History, HistoryReport } from "../history/history.js";
import type { HistorySource } from "../history/source.js";
import { checkObject } from "../keys.js";
import { checkOptions } from "../options.js";
import { pathOf } from "../paths.js";
import { ModelPool } from "../pool/pool.js";
import type { Model } from "../pool/schema.js";
import { checkEmbedder, type Embedder } from "../prediction/embedder.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";
import type { ModelEstimate, Predictions } from "../prediction/predictor.js";
import { columnsOf, predict } from "./batch.js";
import { type PricedRoute, routeByPrices } from "./by-prices.js";
import { type FitOptions, fitParts, type RefitOptions } from "./fit.js";
import { Knowledge, type LearnOptions, type LearnReport } from "./knowledge.js";
import type { RouteLimits } from "./limits.js";
import { columnOf } from "./model-names.js";
import type { RouteQuery } from "./queries.js";
import { type RouteOptions, route, routeSync } from "./route.js";
import type { RoutePlan } from "./route-plan.js";
import { modelEstimates } from "./state.js";

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
    return new Router(new Knowledge(await fitParts(history, pool, options)));
  }

  /** The models that it routes to, and their prices, as they are now ({@link setPool}). */
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

  /**
   * What the predictor would have said of each query that it was fitted on, had that not been in the history: its first
   * rows, as what was learned since comes after them.
   */
  get outOfFold(): OutOfFoldPredictions {
    return this.#knowledge.state.parts.trained.outOfFold;
  }

  /** How many of the history's rows are known to have been selected how: what promises of realised quality rest on. */
  get selections(): SelectionCounts {
    return selectionCounts(this.#knowledge.state.parts.history);
  }

  /** What is known of each model of the pool as a whole, and how unsure that is; in the pool's order. */
  estimates(): ModelEstimate[] {
    return modelEstimates(this.#knowledge.state);
  }

  /**
   * Assigns a batch of queries. Limits that cannot hold are an answer (`plan.feasible`, `plan.certificate`), not an
   * exception; so are floors that cannot be promised (`plan.promise`). A floor with a confidence takes about four
   * solves instead of one, and a `timeLimit` is for each of them. It rests on how predictions turned out for the queries that
   * the predictor was last fitted on: what was learned since improves the predictions, and counts for promises from the next
   * {@link refit} on; until then a model of which that fit had no graded outcome is given no queries that another may answer.
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
    const { signal, onProgress } = options;
    checkOptions({ signal, onProgress }, ["signal", "onProgress"]);
    return await route(this.#knowledge.state, () => this.pool, queries, limits, options);
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
    checkObject(options, "options");
    return routeSync(this.#knowledge.state, queries, limits, options);
  }

  /** What each model is expected to do with each query: matrices `[queries x models]`, row-major, in the pool's order. */
  async predict(
    queries: readonly (string | RouteQuery)[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Predictions> {
    checkOptions(options, ["signal"]);
    const { state } = this.#knowledge;
    return (await predict(state, columnsOf(state, queries), options.signal)).predictions;
  }

  /**
   * Routes one query by the prices of an earlier plan, synchronously and without a solve, in about a millisecond. Limits
   * do not bind then: they cost what they cost in that plan. Needs an embedder with `embedSync`.
   */
  routeByPrices(query: string | RouteQuery, prices: Prices): PricedRoute {
    return routeByPrices(this.#knowledge.state, query, Prices.own(prices, "prices"));
  }

  /**
   * Adds graded answers to what the router knows, without a fit: records as `readRecords` reads them. As soon as this
   * resolves they are neighbours of queries to come, and the level of each model that they speak of has moved, the less
   * the more was known of it (`TrainedHalf.levelsAfter`). All else that was fitted stays as it was until {@link refit}: the
   * built-in embedder's features, the trained half's traits and weights, the number of neighbours, the estimate of input
   * tokens, and what promises rest on ({@link route}).
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
    checkOptions(options, ["signal", "format", "onBadRecord", "selection"]);
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
    checkOptions(options, ["signal"]);
    const next = ModelPool.from(pool);
    await this.#knowledge.setPool(() => next, options.signal);
  }

  /**
   * {@link setPool} with one model more. It is given no queries until {@link learn} has brought its first graded outcome;
   * from then on it is judged by its own outcomes, and as far as they are few by what the pool's models do on the whole,
   * query by query: {@link estimates} says how unsure that is. A plan with a promise uses it from the next {@link refit} on.
   */
  async addModel(model: Model, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkOptions(options, ["signal"]);
    await this.#knowledge.setPool(pool => ModelPool.from([...pool.models, model]), options.signal);
  }

  /** {@link setPool} without one of the models. */
  async removeModel(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkOptions(options, ["signal"]);
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
    checkOptions(options, ["signal"]);
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
    checkOptions(options, ["signal"]);
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
    checkOptions(options, ["embedder", "signal"]);
    if (options.embedder !== undefined) checkEmbedder(options.embedder);
    return new Router(await Knowledge.load(directory, options));
  }
}

function checkDirectory(directory: unknown): void {
  pathOf(directory, "directory");
}
