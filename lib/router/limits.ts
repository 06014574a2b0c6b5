import type { Limit, Objective } from "../assignment/problem.js";
import { invalid } from "../errors.js";
import type { FloorAsked } from "../floors/promise.js";
import { checkKeys, checkObject } from "../keys.js";
import type { ModelPool } from "../pool/pool.js";
import { show } from "../show.js";
import { columnOf } from "./model-names.js";

/** What one tenant's queries must keep within. */
export interface TenantLimits {
  /**
   * Floor of the mean quality of its queries, 0 to 1: of the mean that is expected, which the realized mean exceeds about half
   * of the time; with a {@link confidence}, of realized quality.
   */
  readonly minQuality?: number;
  /**
   * How sure the floor is to hold for the quality that is *realised*, above 0 and below 1; 0.95 is usual. The predicted
   * quality is then kept above the floor by a margin for what predictions have missed by on the history and for the
   * chance in a batch of this size. A floor that cannot be promised is refused (`plan.feasible`), with the best that can
   * be. Without a floor the plan says what it can promise (`RoutePlan.promise`).
   */
  readonly confidence?: number;
  /** The most its queries may cost together, USD. */
  readonly budget?: number;
}

/**
 * What a batch must keep within, and so what is optimised:
 *
 * - with a floor of quality, the least cost that reaches it (within the budget, if there is one too);
 * - with a budget and no floor, the highest quality it buys, and among plans of equal quality the cheapest;
 * - with neither, the least cost, whatever the quality;
 * - with `maximize: "quality"`, the highest quality within all the limits.
 *
 * Floors and budgets hold for *predicted* quality and cost; a floor with a `confidence` for realised quality. Every floor and
 * tenant has a confidence of its own: that of the batch is not the tenants'.
 */
export interface RouteLimits extends TenantLimits {
  /** Queries of this batch that each model may take: whole numbers >= 0, by name. In place of the pool's capacities. */
  readonly capacity?: Readonly<Record<string, number>>;
  /** The highest quality within all the limits; unless given, what is optimised follows from the floor and the budget. */
  readonly maximize?: "quality";
  /** Floors and budgets of single tenants, by the `group` of their queries, beside those of the whole batch. */
  readonly tenants?: Readonly<Record<string, TenantLimits>>;
  /** Any further limits of `assign()`, on the quantities `quality`, `cost` and `outputTokens`. */
  readonly limits?: readonly Limit[];
}

export interface CompiledLimits {
  readonly objective: Objective;
  readonly limits: readonly Limit[];
  /** Floors of mean quality, which are not among the limits, and confidences without a floor; the batch's first. */
  readonly floors: readonly FloorAsked[];
  /** Every tenant that has a limit. */
  readonly groupNames: readonly string[];
}

const TENANT_KEYS = ["minQuality", "confidence", "budget"];
const KEYS = [...TENANT_KEYS, "capacity", "maximize", "tenants", "limits"];

/** @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the limit: `limits.capacity["gpt-4o"]` */
export function compileLimits(given: RouteLimits, pool: ModelPool): CompiledLimits {
  checkKeys(given, KEYS, "limits");
  const { capacity, maximize, tenants, limits: further = [] } = given;
  if (maximize !== undefined && maximize !== "quality")
    throw invalid("limits.maximize", `must be "quality" or left out, got ${show(maximize)}`);
  if (!Array.isArray(further)) throw invalid("limits.limits", "must be an array of limits");
  further.forEach((limit: Limit, l) => {
    checkObject(limit, `limits.limits[${l}]`);
    if (limit.model !== undefined) columnOf(pool, limit.model, `limits.limits[${l}].model`);
  });
  if (tenants !== undefined) checkObject(tenants, "limits.tenants");
  const groupNames = Object.keys(tenants ?? {});

  // The caller's own come first, so that the solver's complaints count them as the caller does.
  const limits: Limit[] = [...further, ...budgetOf(given, "limits")];
  const floors = floorOf(given, "limits");
  for (const group of groupNames) {
    if (group === "") throw invalid("limits.tenants", "must not name a tenant with the empty text");
    const at = `limits.tenants[${show(group)}]`;
    const own = tenants![group]!;
    checkKeys(own, TENANT_KEYS, at);
    limits.push(...budgetOf(own, at).map(limit => ({ ...limit, group })));
    floors.push(...floorOf(own, at).map(floor => ({ ...floor, group })));
  }
  const capacities = capacitiesOf(capacity, pool);
  pool.names.forEach((model, column) => {
    const most = capacities[column];
    if (most !== undefined) limits.push({ sum: "requests", atMost: most, model });
  });

  const hasFloor =
    floors.some(({ minQuality }) => minQuality !== undefined) ||
    limits.some(limit => (limit.mean ?? limit.sum) === "quality" && limit.atLeast !== undefined);
  const budgets = limits.some(limit => (limit.mean ?? limit.sum) === "cost" && limit.atMost !== undefined);
  const best = maximize === "quality" || (budgets && !hasFloor);
  const objective: Objective = best ? { maximize: "quality" } : { minimize: "cost" };
  return { objective, limits, floors, groupNames };
}

function budgetOf({ budget }: TenantLimits, at: string): Limit[] {
  if (budget === undefined) return [];
  if (!(typeof budget === "number" && budget >= 0 && Number.isFinite(budget)))
    throw invalid(`${at}.budget`, `must be a finite number of USD >= 0, got ${show(budget)}`);
  return [{ sum: "cost", atMost: budget }];
}

function floorOf({ minQuality, confidence }: TenantLimits, at: string): FloorAsked[] {
  if (minQuality !== undefined && !(typeof minQuality === "number" && minQuality >= 0 && minQuality <= 1))
    throw invalid(`${at}.minQuality`, `must be a number from 0 to 1, got ${show(minQuality)}`);
  if (confidence !== undefined && !(typeof confidence === "number" && confidence > 0 && confidence < 1))
    throw invalid(`${at}.confidence`, `must be a number above 0 and below 1, got ${show(confidence)}`);
  if (minQuality === undefined && confidence === undefined) return [];
  return [
    {
      ...(confidence === undefined ? {} : { confidence }),
      ...(minQuality === undefined ? {} : { minQuality }),
    },
  ];
}

/** Per model of the pool, how many queries it may take; undefined = any number. */
function capacitiesOf(capacity: unknown, pool: ModelPool): (number | undefined)[] {
  const capacities = pool.models.map(model => model.capacity);
  if (capacity === undefined) return capacities;
  checkObject(capacity, "limits.capacity");
  for (const [name, most] of Object.entries(capacity)) {
    const at = `limits.capacity[${show(name)}]`;
    if (!(Number.isSafeInteger(most) && (most as number) >= 0))
      throw invalid(at, `must be a whole number >= 0 of queries, got ${show(most)}`);
    capacities[columnOf(pool, name, at)] = most as number;
  }
  return capacities;
}
