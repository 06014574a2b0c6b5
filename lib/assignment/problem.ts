import { invalid, OmniRouterError } from "../errors.js";
import { checkKeys } from "../keys.js";
import type { NativeProblem } from "./binding.js";

/** The solver's bound on the number of models: one 64-bit word of allowed models per query. */
export const MAX_MODELS = 64;

/**
 * Matrices of queries x models, row-major (`values[i * models + j]`): what each query would be worth and cost with each
 * model. `quality` lies in 0..1, every other quantity in 0..1e30: `cost` in USD, `latency` in seconds, `tokens`, or
 * whatever else is to be limited or optimised.
 */
export interface Quantities {
  readonly [name: string]: Float32Array;
}

/** What to minimise or maximise: one quantity by name, or several with weights (`{ cost: 1, latency: 0.001 }`). */
export type Objective =
  | { readonly minimize: string | Readonly<Record<string, number>>; readonly tieBreak?: string }
  | { readonly maximize: string | Readonly<Record<string, number>>; readonly tieBreak?: string };

/**
 * One bound on one sum or mean. Examples:
 *
 * ```ts
 * { mean: "quality", atLeast: 0.8 }                      // floor on the mean over all queries
 * { mean: "quality", atLeast: 0.9, group: 3 }            // ... over the queries of tenant 3
 * { sum: "cost", atMost: 5 }                             // budget, USD
 * { sum: "requests", atMost: 100, model: "gpt-4o" }      // capacity in queries of this batch
 * { sum: "tokens", atMost: 2e6, model: "gpt-4o" }        // capacity in tokens of this batch
 * ```
 */
export interface Limit {
  /** The quantity whose sum over the scope is bounded, or `"requests"`: the number of queries. */
  readonly sum?: string;
  /** The quantity whose mean over the queries of the scope is bounded. Not with `model`. */
  readonly mean?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Only the queries of this group: its number, or its name where the problem names its groups. */
  readonly group?: number | string;
  /** Only the queries given to this model. */
  readonly model?: string;
}

export interface AssignmentProblem {
  /** Column names, 1 to 64 of them. */
  readonly models: readonly string[];
  readonly quantities: Quantities;
  readonly objective: Objective;
  readonly limits?: readonly Limit[];
  /** Per query, bit j set: model j may answer it. At least one bit of the models' each. */
  readonly allowed?: BigUint64Array;
  /** Per query, its group (tenant), 0 to 1023. */
  readonly groups?: Uint16Array;
  /** Names of the groups by number, each once; limits, reports and prices then speak of them by name. */
  readonly groupNames?: readonly string[];
}

/** A checked problem in the addon's form, with what is needed to speak of the answer in the caller's words. */
export interface CompiledProblem {
  readonly problem: AssignmentProblem;
  readonly native: NativeProblem;
  readonly rows: number;
  readonly quantityNames: readonly string[];
  readonly limits: readonly Limit[];
  /** Number of queries in each limit's scope. */
  readonly scopeRows: Float64Array;
}

const PROBLEM_KEYS = [
  "models",
  "quantities",
  "objective",
  "limits",
  "allowed",
  "groups",
  "groupNames",
] satisfies (keyof AssignmentProblem)[];
const LIMIT_KEYS = ["sum", "mean", "atLeast", "atMost", "group", "model"] satisfies (keyof Limit)[];
const OBJECTIVE_KEYS = ["minimize", "maximize", "tieBreak"];

/**
 * Checks a problem and turns it into the addon's form. The matrices' values are checked natively, in the solve.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the argument.
 */
export function compileProblem(problem: AssignmentProblem): CompiledProblem {
  checkKeys(problem, PROBLEM_KEYS, "problem");
  const models = checkModels(problem.models);
  const names = checkQuantityNames(problem.quantities);
  const rows = checkMatrices(problem.quantities, names, models.length);
  const groups = checkPerRow(problem.groups, Uint16Array, "groups", rows);
  const allowed = checkPerRow(problem.allowed, BigUint64Array, "allowed", rows);
  const groupRows = countGroups(groups, rows);
  const groupNames = checkGroupNames(problem.groupNames, groupRows.length);
  while (groupRows.length < groupNames.length) groupRows.push(0); // a group may have no query in this batch
  const limits = problem.limits ?? [];
  if (!Array.isArray(limits)) throw invalid("limits", "must be an array of limits");
  const { objective, tieBreak } = checkObjective(problem.objective, names);

  const native: NativeProblem = {
    rows,
    models: models.length,
    quantities: names.map(name => problem.quantities[name]!),
    most: Float64Array.from(names, name => (name === "quality" ? 1 : 1e30)),
    objective,
    tieBreak,
    limitQuantity: new Int32Array(limits.length),
    limitAtLeast: new Uint8Array(limits.length),
    limitBound: new Float64Array(limits.length),
    limitGroup: new Int32Array(limits.length),
    limitModel: new Int32Array(limits.length),
    allowed,
    groups,
    groupCount: groupRows.length,
  };
  const scopeRows = new Float64Array(limits.length);
  limits.forEach((limit: Limit, l) => {
    const at = `limits[${l}]`;
    checkKeys(limit, LIMIT_KEYS, at);
    const bounded = exactlyOne(limit, "sum", "mean", at);
    const sense = exactlyOne(limit, "atLeast", "atMost", at);
    const quantity = limit[bounded]!;
    const bound = limit[sense]!;
    if (typeof bound !== "number" || !Number.isFinite(bound))
      throw invalid(`${at}.${sense}`, `must be a finite number, got ${bound}`);
    const isRequests = bounded === "sum" && quantity === "requests";
    if (!isRequests && !names.includes(quantity))
      throw invalid(
        `${at}.${bounded}`,
        `must be one of the quantities (${names.join(", ")})${bounded === "sum" ? ' or "requests"' : ""}, got ${String(quantity)}`,
      );
    if (isRequests && !(bound >= 0 && Number.isInteger(bound)))
      throw invalid(`${at}.${sense}`, `must be a whole number of queries, got ${bound}`);
    if (limit.model !== undefined && !models.includes(limit.model))
      throw invalid(`${at}.model`, `must be one of the models, got ${String(limit.model)}`);
    if (limit.model !== undefined && bounded === "mean")
      throw invalid(
        `${at}.mean`,
        "cannot be bounded over one model's queries, whose number is not known beforehand; bound a sum",
      );
    const group = typeof limit.group === "string" ? groupNames.indexOf(limit.group) : limit.group;
    if (group !== undefined && !(Number.isInteger(group) && group >= 0 && group < groupRows.length))
      throw invalid(
        `${at}.group`,
        `must be a group of the problem (0 to ${groupRows.length - 1}, or its name), got ${limit.group}`,
      );
    const scope = group === undefined ? rows : groupRows[group]!;
    scopeRows[l] = scope;
    native.limitQuantity[l] = isRequests ? -1 : names.indexOf(quantity);
    native.limitAtLeast[l] = sense === "atLeast" ? 1 : 0;
    native.limitBound[l] = bounded === "mean" ? bound * scope : bound;
    native.limitGroup[l] = group ?? -1;
    native.limitModel[l] = limit.model === undefined ? -1 : models.indexOf(limit.model);
  });
  // Prices are found again by the name of their group, however the limit was stated.
  const named = limits.map((limit: Limit, l) => {
    const name = groupNames[native.limitGroup[l]!];
    return name === undefined ? limit : { ...limit, group: name };
  });
  return { problem, native, rows, quantityNames: names, limits: named, scopeRows };
}

/** The addon numbers the quantities; its complaint, an {@link OmniRouterError}, is to name the caller's. */
export function namingQuantity(error: unknown, { quantityNames }: CompiledProblem): unknown {
  if (!(error instanceof OmniRouterError) || error.argument === undefined) return error;
  const numbered = /^quantities\[(\d+)\]/.exec(error.argument);
  if (numbered === null) return error;
  const argument = `quantities.${quantityNames[Number(numbered[1])]}`;
  return new OmniRouterError(
    error.code,
    error.message.replace(error.argument, () => argument),
    { argument, cause: error.cause },
  );
}

export function checkModels(models: readonly string[]): readonly string[] {
  if (!Array.isArray(models) || models.some(name => typeof name !== "string"))
    throw invalid("models", "must be an array of names");
  if (models.length < 1 || models.length > MAX_MODELS)
    throw invalid("models", `must be 1 to ${MAX_MODELS} names, got ${models.length}`);
  if (new Set(models).size !== models.length) throw invalid("models", "must have no name twice");
  return models;
}

function checkQuantityNames(quantities: Quantities): string[] {
  if (typeof quantities !== "object" || quantities === null)
    throw invalid("quantities", "must be an object of Float32Array matrices");
  const names = Object.keys(quantities);
  if (names.length < 1 || names.length > 8)
    throw invalid("quantities", `must be 1 to 8 matrices, got ${names.length}`);
  if (names.includes("requests"))
    throw invalid("quantities.requests", 'cannot be given: "requests" is the number of queries');
  return names;
}

function checkMatrices(quantities: Quantities, names: readonly string[], models: number): number {
  for (const name of names) {
    const values = quantities[name];
    if (!(values instanceof Float32Array))
      throw invalid(`quantities.${name}`, "must be a Float32Array of queries x models");
    if (isDetached(values))
      throw invalid(`quantities.${name}`, "has a detached buffer: it was transferred elsewhere");
    if (values.length % models !== 0)
      throw invalid(
        `quantities.${name}`,
        `must have a multiple of ${models} elements (one per model and query), got ${values.length}`,
      );
  }
  const first = names.find(name => quantities[name]!.length > 0) ?? names[0]!;
  const { length } = quantities[first]!;
  for (const name of names) {
    const values = quantities[name]!;
    if (values.length === 0 && length > 0)
      throw invalid(`quantities.${name}`, "is empty, or its buffer was transferred elsewhere");
    if (values.length !== length)
      throw invalid(
        `quantities.${name}`,
        `must have ${length} elements like quantities.${first}, got ${values.length}`,
      );
  }
  return length / models;
}

/** Node 20 cannot tell a transferred buffer, which leaves its views with length 0, from an empty one. */
function isDetached(array: ArrayBufferView): boolean {
  const buffer = array.buffer as ArrayBuffer & { detached?: boolean };
  return buffer.detached ?? false;
}

function checkPerRow<A extends Uint16Array | BigUint64Array>(
  array: A | undefined,
  type: { new (length: number): A; readonly name: string },
  argument: string,
  rows: number,
): A | undefined {
  if (array === undefined) return undefined;
  if (!(array instanceof type)) throw invalid(argument, `must be a ${type.name} with one element per query`);
  if (array.length !== rows)
    throw invalid(argument, `must have ${rows} elements, one per query, got ${array.length}`);
  return array;
}

/** Queries per group; one group where none are named. */
function countGroups(groups: Uint16Array | undefined, rows: number): number[] {
  if (groups === undefined) return [rows];
  const counts: number[] = [0];
  for (const group of groups) {
    if (group > 1023) throw invalid("groups", `must be from 0 to 1023, got ${group}`);
    while (counts.length <= group) counts.push(0);
    counts[group]!++;
  }
  return counts;
}

function checkGroupNames(names: readonly string[] | undefined, groups: number): readonly string[] {
  if (names === undefined) return [];
  if (!Array.isArray(names) || names.some(name => typeof name !== "string"))
    throw invalid("groupNames", "must be an array of names");
  if (names.length < groups)
    throw invalid("groupNames", `must name all ${groups} groups, got ${names.length}`);
  if (new Set(names).size !== names.length) throw invalid("groupNames", "must have no name twice");
  return names;
}

function checkObjective(
  objective: Objective,
  names: readonly string[],
): { objective: Float64Array; tieBreak: number } {
  checkKeys(objective, OBJECTIVE_KEYS, "objective");
  const given = objective as { minimize?: unknown; maximize?: unknown; tieBreak?: unknown };
  const sense = exactlyOne(given, "minimize", "maximize", "objective");
  const stated = given[sense];
  const weights: Record<string, unknown> =
    typeof stated === "string" ? { [stated]: 1 } : (stated as Record<string, unknown>);
  if (typeof weights !== "object" || weights === null)
    throw invalid(`objective.${sense}`, "must be a quantity's name or an object of weights");
  const out = new Float64Array(names.length);
  for (const [name, weight] of Object.entries(weights)) {
    const k = names.indexOf(name);
    if (k < 0) throw invalid(`objective.${sense}`, `must name quantities (${names.join(", ")}), got ${name}`);
    if (typeof weight !== "number" || !Number.isFinite(weight))
      throw invalid(`objective.${sense}.${name}`, `must be a finite weight, got ${String(weight)}`);
    out[k] = sense === "minimize" ? weight : -weight;
  }
  // Among plans of equal quality nobody wants the dearer one.
  const tie =
    given.tieBreak ??
    (sense === "maximize" && names.includes("cost") && out[names.indexOf("cost")] === 0 ? "cost" : undefined);
  if (tie !== undefined && !(typeof tie === "string" && names.includes(tie)))
    throw invalid(
      "objective.tieBreak",
      `must be one of the quantities (${names.join(", ")}), got ${String(tie)}`,
    );
  return { objective: out, tieBreak: tie === undefined ? -1 : names.indexOf(tie as string) };
}

function exactlyOne<A extends string, B extends string>(object: object, a: A, b: B, at: string): A | B {
  const has = (key: string) => (object as Record<string, unknown>)[key] !== undefined;
  if (has(a) === has(b)) throw invalid(at, `must have exactly one of "${a}" and "${b}"`);
  return has(a) ? a : b;
}
