import { Plan, type PlannedQuery } from "../assignment/plan.js";
import type { Correction, QualityPromise } from "../floors/promise.js";
import type { Kept } from "../floors/search.js";
import type { Predictions } from "../prediction/predictor.js";
import type { QueryColumns } from "./queries.js";

/** Wall time of each stage of a routing, milliseconds. */
export interface RouteTimings {
  /** Of the queries' texts. */
  readonly embed: number;
  /** Of every model's quality and cost, the search for neighbours included. */
  readonly predict: number;
  /** Of the solves, and what promises take. */
  readonly assign: number;
}

/** One query's row of a plan, with its id. */
export interface RoutedQuery extends PlannedQuery {
  /** The query's own, or its position in the batch. */
  readonly id: string;
}

/** What the plan comes to for one tenant. */
export interface TenantTotals {
  /** The tenant's name; empty for the queries that name none. */
  readonly group: string;
  /** Number of its queries. */
  readonly requests: number;
  /** Mean predicted quality; NaN without requests. */
  readonly quality: number;
  /** Predicted, USD. */
  readonly cost: number;
}

/**
 * Who answers what, and what is expected of it: a {@link Plan} over the quantities `quality` (0 to 1), `cost` (USD) and
 * `outputTokens`, all predicted, with the queries' own ids.
 */
export class RoutePlan extends Plan {
  /** What every model was expected to do with every query: `[queries x models]`, row-major. */
  readonly predictions: Predictions;
  /** How long each stage took. */
  readonly timings: RouteTimings;
  /**
   * What is promised of realised quality: one for each `confidence` in the limits, the batch's before the tenants'. None
   * where the other limits cannot hold together, whatever is promised.
   */
  readonly promises: readonly QualityPromise[];
  /**
   * What was added to predicted quality, so that the plan's mean is what its policy is expected to realise: for the batch, and
   * for each tenant with a floor or a promise of its own. `totals`, `values` and the limits' values are of corrected
   * quality; {@link predictions} and `Router.predict` are not corrected.
   */
  readonly corrections: readonly Correction[];
  readonly #queries: QueryColumns;

  /** @internal */
  constructor(
    { solved, promises, corrections }: Kept,
    queries: QueryColumns,
    predictions: Predictions,
    timings: RouteTimings,
  ) {
    super(solved);
    this.promises = promises;
    this.corrections = corrections;
    this.#queries = queries;
    this.predictions = predictions;
    this.timings = timings;
  }

  /** The promise for the whole batch, where the limits have a `confidence`. */
  get promise(): QualityPromise | undefined {
    return this.promises.find(({ group }) => group === undefined);
  }

  /**
   * Whether every limit holds, as stated, and no promise is refused. The certificate speaks of the limits alone, among
   * them the floors of *predicted* quality that the promises need.
   */
  override get feasible(): boolean {
    return super.feasible && this.promises.every(({ refused }) => !refused);
  }

  /** The {@link corrections} of the batch. */
  get correction(): Correction | undefined {
    return this.corrections.find(({ group }) => group === undefined);
  }

  /** The query's id: its own, or its position in the batch. */
  id(query: number): string {
    return this.#queries.ids?.[query] ?? String(query);
  }

  /** One query's model, predicted quantities and runner-up. @throws OmniRouterError for an index outside the batch. */
  override at(query: number): RoutedQuery {
    return { ...super.at(query), id: this.id(query) };
  }

  /** Every query's row, as {@link at} makes it, in the order of the batch. */
  override *[Symbol.iterator](): IterableIterator<RoutedQuery> {
    for (let query = 0; query < this.size; query++) yield this.at(query);
  }

  /** What the plan comes to for each tenant; empty for a batch without tenants. */
  byTenant(): TenantTotals[] {
    const { groups, groupNames = [] } = this.#queries;
    const quality = this.column("quality");
    const cost = this.column("cost");
    const totals = groupNames.map(group => ({ group, requests: 0, quality: 0, cost: 0 }));
    groups?.forEach((group, query) => {
      const total = totals[group]!;
      total.requests++;
      total.quality += quality[query]!;
      total.cost += cost[query]!;
    });
    return totals.map(total => ({ ...total, quality: total.quality / total.requests }));
  }
}
