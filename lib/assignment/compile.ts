import { invalid, OmniRouterError } from "../errors.js";
import { checkKeys } from "../keys.js";
import { checkArray } from "../typed-arrays.js";
import {
  type Frame,
  LAYOUT,
  LIMIT,
  limitAt,
  MAX_GROUPS,
  MAX_LIMITS,
  MAX_MODELS,
  MAX_QUANTITIES,
  QUANTITY,
  REQUEST,
} from "./frame.js";
import { Names } from "./names.js";
import type { AssignmentProblem, Limit, Objective } from "./problem.js";

/**
 * A checked problem: its numbers are in the frame, here is what else the addon takes, and what is needed to speak of the
 * answer in the caller's words.
 */
export interface CompiledProblem extends Batch {
  readonly groupNames: Names | undefined;
  readonly maximize: boolean;
  /** The quantity optimised, where the objective is one alone. */
  readonly optimised: string | undefined;
  /** The objective is in USD: it has costs at their full weight, whatever else is weighed against them. */
  readonly dollars: boolean;
}

/** The queries of a problem, without what is wanted of them. The arrays may be longer than `rows` asks for. */
export interface Batch {
  readonly rows: number;
  readonly models: Names;
  readonly quantityNames: readonly string[];
  readonly matrices: readonly Float32Array[];
  readonly allowed: BigUint64Array | undefined;
  readonly groups: Uint16Array | undefined;
}

/** Of weights and of bounds of sums: with values up to 1e30, no product of theirs overflows a double. */
export const LARGEST_NUMBER = 1e100;

/** Row numbers are 32-bit natively. */
export const MAX_ROWS = 2 ** 32 - 1;

export const PROBLEM_KEYS = [
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
 * Checks a problem and writes its numbers into the frame. The matrices' values are checked natively, in the solve.
 *
 * What a service calls for every few queries: what is right makes no object and no text here that is not in the answer.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the argument.
 */
export function compileProblem(problem: AssignmentProblem, frame: Frame): CompiledProblem {
  checkKeys(problem, PROBLEM_KEYS, "problem");
  return compileDemand(compileBatch(problem), problem, frame);
}

/** The part of {@link compileProblem} that is about the queries. */
export function compileBatch(
  problem: Pick<AssignmentProblem, "models" | "quantities" | "allowed" | "groups">,
): Batch {
  const models = checkModels(problem.models);
  const { quantities } = problem;
  if (typeof quantities !== "object" || quantities === null)
    throw invalid("quantities", "must be an object of Float32Array matrices");
  const quantityNames = checkQuantityNames(Object.keys(quantities));
  const matrices = quantityNames.map(name => checkMatrix(quantities[name], name, models.size));
  const rows = checkLengths(matrices, quantityNames) / models.size;
  const groups = checkPerRow(problem.groups, "Uint16Array", "groups", rows);
  const allowed = checkPerRow(problem.allowed, "BigUint64Array", "allowed", rows);
  return { rows, models, quantityNames, matrices, allowed, groups };
}

/** The part of {@link compileProblem} that is about what is wanted of the queries. */
export function compileDemand(
  batch: Batch,
  demand: Pick<AssignmentProblem, "objective" | "limits" | "groupNames">,
  { numbers, groupRows }: Frame,
): CompiledProblem {
  const { rows, models, quantityNames, matrices, allowed, groups } = batch;
  const groupNames = checkGroupNames(demand.groupNames);
  const groupCount = countGroups(batch, groupNames, groupRows);
  const limits = demand.limits ?? [];
  if (!Array.isArray(limits)) throw invalid("limits", "must be an array of limits");
  if (limits.length > MAX_LIMITS)
    throw invalid("limits", `must be at most ${MAX_LIMITS}, got ${limits.length}`);

  const rowsOfGroup = (group: number) =>
    groups === undefined ? (group === 0 ? rows : 0) : groupRows[group]!;

  writeHeader(numbers, rows, models, quantityNames, limits.length, groupCount);
  const { maximize, optimised, dollars } = compileObjective(demand.objective, quantityNames, numbers);
  for (let l = 0; l < limits.length; l++) {
    const limit: Limit = limits[l];
    checkLimitKeys(limit, l);
    const { sum, mean, atLeast, atMost, model, group: stated } = limit;
    if ((sum === undefined) === (mean === undefined)) throw notOne(`limits[${l}]`, "sum", "mean");
    if ((atLeast === undefined) === (atMost === undefined)) throw notOne(`limits[${l}]`, "atLeast", "atMost");

    const bound = atLeast ?? atMost;
    if (typeof bound !== "number" || !Number.isFinite(bound))
      throw invalid(
        `limits[${l}].${atLeast === undefined ? "atMost" : "atLeast"}`,
        `must be a finite number, got ${String(bound)}`,
      );
    const requests = sum === "requests";
    const quantity = requests ? -1 : quantityNames.indexOf((mean ?? sum)!);
    if (quantity < 0 && !requests)
      throw invalid(
        `limits[${l}].${sum === undefined ? "mean" : "sum"}`,
        `must be one of the quantities (${quantityNames.join(", ")})${sum === undefined ? "" : ' or "requests"'}, got ${String(mean ?? sum)}`,
      );
    if (requests && !(bound >= 0 && Number.isInteger(bound)))
      throw invalid(
        `limits[${l}].${atLeast === undefined ? "atMost" : "atLeast"}`,
        `must be a whole number of queries, got ${bound}`,
      );
    const column = model === undefined ? -1 : models.indexOf(model);
    if (model !== undefined && column < 0)
      throw invalid(`limits[${l}].model`, `must be one of the models, got ${String(model)}`);
    if (model !== undefined && mean !== undefined)
      throw invalid(
        `limits[${l}].mean`,
        "cannot be bounded over one model's queries, whose number is not known beforehand; bound a sum",
      );
    const group = typeof stated === "string" ? (groupNames?.indexOf(stated) ?? -1) : stated;
    if (group !== undefined && !(Number.isInteger(group) && group >= 0 && group < groupCount))
      throw invalid(
        `limits[${l}].group`,
        `must be a group of the problem (0 to ${groupCount - 1}, or its name), got ${String(stated)}`,
      );

    const scope = group === undefined ? rows : rowsOfGroup(group);
    if (!(Math.abs(bound) * (mean === undefined ? 1 : scope) <= LARGEST_NUMBER))
      throw invalid(
        `limits[${l}].${atLeast === undefined ? "atMost" : "atLeast"}`,
        `must come to a sum of at most ${LARGEST_NUMBER}, got ${bound}`,
      );

    const at = limitAt(quantityNames.length, l);
    numbers[at + LIMIT.quantity] = quantity;
    numbers[at + LIMIT.mean] = mean === undefined ? 0 : 1;
    numbers[at + LIMIT.atLeast] = atLeast === undefined ? 0 : 1;
    numbers[at + LIMIT.bound] = bound;
    numbers[at + LIMIT.scope] = scope;
    numbers[at + LIMIT.group] = group ?? -1;
    numbers[at + LIMIT.model] = column;
    numbers[at + LIMIT.price] = 0;
  }
  return {
    rows,
    models,
    quantityNames,
    matrices,
    allowed,
    groups,
    groupNames,
    maximize,
    optimised,
    dollars,
  };
}

/** Writes all of a request but its options, weights and limits. */
export function writeHeader(
  numbers: Float64Array,
  rows: number,
  models: Names,
  quantityNames: readonly string[],
  limits: number,
  groups: number,
): void {
  numbers[REQUEST.layout] = LAYOUT;
  numbers[REQUEST.rows] = rows;
  numbers[REQUEST.models] = models.size;
  numbers[REQUEST.quantities] = quantityNames.length;
  numbers[REQUEST.limits] = limits;
  numbers[REQUEST.groups] = groups;
  numbers[REQUEST.tieBreak] = -1;
  numbers[REQUEST.tieLarge] = 0;
  for (let k = 0; k < quantityNames.length; k++) {
    const at = REQUEST.size + QUANTITY.size * k;
    numbers[at + QUANTITY.most] = quantityNames[k] === "quality" ? 1 : 1e30;
    numbers[at + QUANTITY.weight] = 0;
  }
}

/** What a limit of a compiled problem is over, in the caller's words. */
export function scopeOf(numbers: ArrayLike<number>, compiled: CompiledProblem, limit: number): LimitScope {
  const at = limitAt(compiled.quantityNames.length, limit);
  const group = numbers[at + LIMIT.group]!;
  const model = numbers[at + LIMIT.model]!;
  return {
    quantity: compiled.quantityNames[numbers[at + LIMIT.quantity]!] ?? "requests",
    sense: numbers[at + LIMIT.atLeast] === 1 ? "atLeast" : "atMost",
    ...(group < 0 ? {} : { group: compiled.groupNames?.list[group] ?? group }),
    ...(model < 0 ? {} : { model: compiled.models.list[model]! }),
  };
}

export interface LimitScope {
  /** The limited quantity, or `"requests"`. */
  readonly quantity: string;
  /** Which side it bounds. */
  readonly sense: "atLeast" | "atMost";
  /** The group's name where the problem named its groups, else its number. */
  readonly group?: number | string;
  /** Name of the model, where the limit is on the queries given to one. */
  readonly model?: string;
}

/** The addon numbers the quantities; its complaint, an {@link OmniRouterError}, is to name the caller's. */
export function namingQuantity(error: unknown, { quantityNames }: Batch): unknown {
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

export function checkModels(models: readonly string[]): Names {
  return Names.of(models, "models", 1, MAX_MODELS);
}

export function checkQuantityNames(names: readonly string[]): readonly string[] {
  if (names.length < 1 || names.length > MAX_QUANTITIES)
    throw invalid("quantities", `must be 1 to ${MAX_QUANTITIES} matrices, got ${names.length}`);
  if (names.includes("requests"))
    throw invalid("quantities.requests", 'cannot be given: "requests" is the number of queries');
  return names;
}

function checkMatrix(values: Float32Array | undefined, name: string, models: number): Float32Array {
  checkArray(values, "Float32Array", `quantities.${name}`, "must be a Float32Array of queries x models");
  if (values.length % models !== 0)
    throw invalid(
      `quantities.${name}`,
      `must have a multiple of ${models} elements (one per model and query), got ${values.length}`,
    );
  return values;
}

/** The length of all the matrices. */
function checkLengths(matrices: readonly Float32Array[], names: readonly string[]): number {
  const first = Math.max(
    0,
    matrices.findIndex(values => values.length > 0),
  );
  const { length } = matrices[first]!;
  for (let k = 0; k < matrices.length; k++) {
    const own = matrices[k]!.length;
    if (own === length) continue;
    if (own === 0)
      throw invalid(`quantities.${names[k]}`, "is empty, or its buffer was transferred elsewhere");
    throw invalid(
      `quantities.${names[k]}`,
      `must have ${length} elements like quantities.${names[first]}, got ${own}`,
    );
  }
  return length;
}

function checkPerRow<A extends Uint16Array | BigUint64Array>(
  array: A | undefined,
  type: "Uint16Array" | "BigUint64Array",
  argument: string,
  rows: number,
): A | undefined {
  if (array === undefined) return undefined;
  checkArray(array, type, argument, `must be a ${type} with one element per query`);
  if (array.length !== rows)
    throw invalid(argument, `must have ${rows} elements, one per query, got ${array.length}`);
  return array;
}

export function checkGroupNames(names: readonly string[] | undefined): Names | undefined {
  return names === undefined ? undefined : Names.of(names, "groupNames", 0, MAX_GROUPS);
}

/**
 * Counts the queries of every group in `groupRows`, where there are groups. Returns the number of groups, those included
 * that have a name and no query; one where none are given.
 */
export function countGroups(
  { rows, groups }: Batch,
  names: Names | undefined,
  groupRows: Uint32Array,
): number {
  let count = 1;
  if (groups !== undefined) {
    groupRows.fill(0);
    for (let i = 0; i < rows; i++) {
      const group = groups[i]!;
      if (group >= MAX_GROUPS) throw invalid("groups", `must be from 0 to ${MAX_GROUPS - 1}, got ${group}`);
      groupRows[group]!++;
      if (group >= count) count = group + 1;
    }
  }
  if (names === undefined) return count;
  if (names.size < count) throw invalid("groupNames", `must name all ${count} groups, got ${names.size}`);
  return names.size;
}

/** Writes the weights and the tie-break. */
function compileObjective(
  objective: Objective,
  names: readonly string[],
  numbers: Float64Array,
): Pick<CompiledProblem, "maximize" | "optimised" | "dollars"> {
  checkKeys(objective, OBJECTIVE_KEYS, "objective");
  const { minimize, maximize, tieBreak } = objective as {
    readonly [K in "minimize" | "maximize" | "tieBreak"]?: unknown;
  };
  if ((minimize === undefined) === (maximize === undefined))
    throw notOne("objective", "minimize", "maximize");
  const sense = minimize === undefined ? "maximize" : "minimize";
  const stated = minimize ?? maximize;
  const sign = sense === "minimize" ? 1 : -1;
  if (typeof stated === "string") writeWeight(numbers, names, sense, stated, sign);
  else if (typeof stated !== "object" || stated === null)
    throw invalid(`objective.${sense}`, "must be a quantity's name or an object of weights");
  else
    for (const [name, weight] of Object.entries(stated)) {
      if (!(typeof weight === "number" && Math.abs(weight) <= LARGEST_NUMBER))
        throw invalid(
          `objective.${sense}.${name}`,
          `must be a finite weight of at most ${LARGEST_NUMBER}, got ${String(weight)}`,
        );
      writeWeight(numbers, names, sense, name, sign * weight);
    }
  writeTieBreak(numbers, names, tieBreak);
  const cost = names.indexOf("cost");
  return {
    maximize: sense === "maximize",
    optimised: typeof stated === "string" ? stated : undefined,
    dollars: cost >= 0 && Math.abs(numbers[REQUEST.size + QUANTITY.size * cost + QUANTITY.weight]!) === 1,
  };
}

/**
 * Writes what breaks ties: the quantity stated; else quality, and where the objective weighs that already, cost. Quality is
 * kept large, all else small.
 */
export function writeTieBreak(numbers: Float64Array, names: readonly string[], stated?: unknown): void {
  const tie = stated ?? ["quality", "cost"].find(name => weighsNothing(numbers, names, name));
  if (tie === undefined) return;
  const k = names.indexOf(tie as string);
  if (k < 0)
    throw invalid(
      "objective.tieBreak",
      `must be one of the quantities (${names.join(", ")}), got ${String(tie)}`,
    );
  numbers[REQUEST.tieBreak] = k;
  numbers[REQUEST.tieLarge] = tie === "quality" ? 1 : 0;
}

function writeWeight(
  numbers: Float64Array,
  names: readonly string[],
  sense: string,
  name: string,
  weight: number,
): void {
  const k = names.indexOf(name);
  if (k < 0) throw invalid(`objective.${sense}`, `must name quantities (${names.join(", ")}), got ${name}`);
  numbers[REQUEST.size + QUANTITY.size * k + QUANTITY.weight] = weight;
}

/** Of a quantity that is there. */
function weighsNothing(numbers: Float64Array, names: readonly string[], name: string): boolean {
  const k = names.indexOf(name);
  return k >= 0 && numbers[REQUEST.size + QUANTITY.size * k + QUANTITY.weight] === 0;
}

function checkLimitKeys(limit: unknown, l: number): void {
  if (typeof limit === "object" && limit !== null && !Array.isArray(limit)) {
    let known = true;
    for (const key in limit)
      known &&=
        key === "sum" ||
        key === "atMost" ||
        key === "model" ||
        key === "mean" ||
        key === "atLeast" ||
        key === "group";
    if (known) return;
  }
  checkKeys(limit, LIMIT_KEYS, `limits[${l}]`);
}

function notOne(at: string, a: string, b: string) {
  return invalid(at, `must have exactly one of "${a}" and "${b}"`);
}
