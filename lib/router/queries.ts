import { invalid } from "../errors.js";
import { MAX_AMOUNT, RECORD_KEYS } from "../history/record.js";
import { differenceInWords, lookAlike } from "../look-alike.js";
import type { ModelPool } from "../pool/pool.js";
import type { InputTokenEstimator } from "../prediction/input-tokens.js";
import { show } from "../show.js";
import { columnOf } from "./model-names.js";

/** A query to route: its text, and what else is known of it. */
export interface RouteQuery {
  /** What the plan calls it; its position in the batch unless given. */
  readonly id?: string;
  /** Its text. */
  readonly query: string;
  /** What it will be billed as input, in tokens, finite, >= 0; estimated from the text unless given. */
  readonly inputTokens?: number;
  /** Names of the models that may answer it; every model unless given. */
  readonly allowed?: readonly string[];
  /** The tenant it belongs to, for `RouteLimits.tenants`. Not empty. */
  readonly group?: string;
  /** The caller's own: not looked at. */
  readonly metadata?: unknown;
}

/** What is read of a query, or is the caller's. */
const QUERY_KEYS = ["id", "query", "inputTokens", "allowed", "group", "metadata"];

/** What may stand in a query: also what a record of a history holds besides, which is not looked at. */
const KEYS: readonly string[] = [...new Set([...QUERY_KEYS, ...RECORD_KEYS])];

/**
 * Refuses a query with a key that nothing reads: routed as if it were not there, `excluded` would go to just those models.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the key
 */
export function checkQueryKeys(query: object, at: string): void {
  for (const key of Object.keys(query))
    if (!KEYS.includes(key)) throw invalid(at === "" ? key : `${at}.${key}`, unknownKey(key));
}

function unknownKey(key: string): string {
  const known = `is not a known key of a query; known are ${QUERY_KEYS.join(", ")}`;
  return /^exclu|^disallow|^forbid|^except/i.test(key)
    ? `${known}: name those that may answer in allowed`
    : known;
}

/** A batch of queries by column. */
export interface QueryColumns {
  readonly texts: readonly string[];
  /** Absent where no query has an id. */
  readonly ids?: readonly string[];
  /** `[texts.length]`, all known. */
  readonly inputTokens: Float32Array;
  /** Per query a bit for each model; absent where every model may answer every query. */
  readonly allowed?: BigUint64Array;
  /** Per query the number of its group; absent where there are no groups. */
  readonly groups?: Uint16Array;
  /** Group names by number; {@link NO_GROUP} for the queries without one. */
  readonly groupNames?: readonly string[];
}

/** What a plan calls the queries that name no group, in a batch where others do. */
const NO_GROUP = "";

export interface QueryContext {
  readonly pool: ModelPool;
  /** Bit j: model j may be given queries at all. */
  readonly usable: bigint;
  readonly tokens: InputTokenEstimator;
  /** Groups that limits speak of, whether or not a query of theirs is in the batch. */
  readonly groupNames?: readonly string[];
}

/** @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the query: `queries[3].allowed[0]` */
export function queryColumns(
  queries: readonly (string | RouteQuery)[],
  { pool, usable, tokens, groupNames = [] }: QueryContext,
): QueryColumns {
  if (!Array.isArray(queries)) throw invalid("queries", "must be an array of texts or of { query } objects");
  const rows = queries.length;
  const any = (key: keyof RouteQuery) =>
    queries.some(given => typeof given === "object" && given?.[key] !== undefined);
  const all = (1n << BigInt(pool.size)) - 1n;
  const texts = new Array<string>(rows);
  const tokenCounts = new Float32Array(rows).fill(Number.NaN);
  const ids = any("id") ? new Array<string>(rows) : undefined;
  const allowed = any("allowed") || usable !== all ? new BigUint64Array(rows).fill(usable) : undefined;
  const groups = any("group") || groupNames.length > 0 ? new Uint16Array(rows) : undefined;
  const numbers = new Map(groupNames.map((name, number) => [name, number]));
  queries.forEach((given, row) => {
    const { id, query, inputTokens, allowed: names, group = NO_GROUP } = checkQuery(given, row);
    texts[row] = query;
    if (ids !== undefined) ids[row] = id ?? String(row);
    if (inputTokens !== undefined) tokenCounts[row] = inputTokens;
    if (names !== undefined) allowed![row] = maskOf(names, row, pool, usable);
    if (groups !== undefined) {
      if (!numbers.has(group)) {
        refuseLookAlike(group, groupNames, row);
        numbers.set(group, numbers.size);
      }
      groups[row] = numbers.get(group)!;
    }
  });
  if (numbers.size > 1024) throw invalid("queries", `are of ${numbers.size} groups; the limit is 1024`);
  return {
    texts,
    inputTokens: tokens.complete(texts, tokenCounts),
    ...(ids === undefined ? {} : { ids }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(groups === undefined ? {} : { groups, groupNames: [...numbers.keys()] }),
  };
}

/** A tenant whose limits would not hold, as they are those of a name that only looks like it. */
function refuseLookAlike(group: string, limited: readonly string[], row: number): void {
  const other = lookAlike(group, limited);
  if (other !== undefined)
    throw invalid(`queries[${row}].group`, `${differenceInWords(group, other)}, which has limits`);
}

function checkQuery(given: unknown, row: number): RouteQuery {
  if (typeof given === "string") return { query: given };
  const at = `queries[${row}]`;
  if (typeof given !== "object" || given === null)
    throw invalid(at, `must be a text or an object with the key query, got ${show(given)}`);
  const { id, query, inputTokens, allowed, group } = given as Record<keyof RouteQuery, unknown>;
  if (typeof query !== "string") throw invalid(`${at}.query`, `must be text, got ${show(query)}`);
  checkQueryKeys(given, at);
  if (id !== undefined && typeof id !== "string") throw invalid(`${at}.id`, `must be text, got ${show(id)}`);
  if (
    inputTokens !== undefined &&
    !(typeof inputTokens === "number" && inputTokens >= 0 && inputTokens <= MAX_AMOUNT)
  )
    throw invalid(`${at}.inputTokens`, `must be a number from 0 to 1,000,000,000, got ${show(inputTokens)}`);
  if (allowed !== undefined && !Array.isArray(allowed))
    throw invalid(`${at}.allowed`, `must be an array of names of models, got ${show(allowed)}`);
  if (group !== undefined && !(typeof group === "string" && group !== NO_GROUP))
    throw invalid(`${at}.group`, `must be text that is not empty, got ${show(group)}`);
  return given as RouteQuery;
}

function maskOf(names: readonly string[], row: number, pool: ModelPool, usable: bigint): bigint {
  let mask = 0n;
  for (const [place, name] of names.entries())
    mask |= 1n << BigInt(columnOf(pool, name, `queries[${row}].allowed[${place}]`));
  if (mask === 0n) throw invalid(`queries[${row}].allowed`, "is empty: no model may answer the query");
  if ((mask & usable) === 0n)
    throw invalid(
      `queries[${row}].allowed`,
      `names only models without a graded outcome in the history (${names.join(", ")}): nothing is known of them`,
    );
  return mask & usable;
}
