import { binding } from "../binding.js";
import { fromNative, invalid } from "../errors.js";
import { checkKeys, checkObject } from "../keys.js";
import { show } from "../show.js";
import { settle } from "../task.js";
import { type AssignOptions, writeOptions } from "./assign.js";
import { STATUSES, type Status, type SweepArguments } from "./binding.js";
import { type CompiledProblem, compileProblem, LARGEST_NUMBER, namingQuantity } from "./compile.js";
import { Frame, LIMIT, limitAt, POINT, REQUEST } from "./frame.js";
import { pricesAt } from "./plan.js";
import type { Prices } from "./prices.js";
import type { AssignmentProblem, Limit } from "./problem.js";

/** Evenly spaced values, both ends among them. */
export interface SweepRange {
  /** The first value, in the limit's own terms. */
  readonly from: number;
  /** The last. */
  readonly to: number;
  /** How many, 2 at least. */
  readonly points: number;
}

/** A {@link Limit} with a list or a range of values where it has one: up to 10,000, in any order. */
export interface Sweep extends Omit<Limit, "atLeast" | "atMost"> {
  /** The least that the sum or mean may be, by turns. Exactly one of this and `atMost`. */
  readonly atLeast?: readonly number[] | SweepRange;
  /** The most that it may be, by turns. */
  readonly atMost?: readonly number[] | SweepRange;
}

/** As of a solve ({@link AssignOptions}), for every point of the curve. */
export interface FrontierOptions extends Pick<AssignOptions, "nodeLimit" | "seed" | "ties"> {
  /** As of `assign`, at every point. Default 1e-4: a curve needs no more. */
  readonly gapTolerance?: number;
  /** Whether to keep the plans: a byte for every query and point ({@link Frontier.choice}). Default false. */
  readonly plans?: boolean;
}

/**
 * The best objective as a function of one limit: what quality costs, or what a budget buys.
 *
 * ```ts
 * const curve = frontier(problem, { mean: "quality", atLeast: { from: 0.6, to: 0.9, points: 50 } });
 * const curve = frontier(problem, { sum: "cost", atMost: [1, 2, 5, 10] });
 * ```
 *
 * The swept limit is one more beside the problem's own. The problem is checked once, and each value's solve starts from
 * the prices of the one before, from the loosest to the tightest; past the first that is proven infeasible nothing more is
 * solved. A plan for a tight value counts for every looser one, and the prices of each point bound all the others, so
 * `bound` is convex in the value (concave where the objective is maximised) and both it and `objective` are monotone. Small
 * batches are searched exactly (`AssignOptions.nodeLimit`), and where that proves more, `bound` follows the steps that whole
 * queries make.
 *
 * @throws OmniRouterError as `assign` does
 */
export function frontier(problem: AssignmentProblem, sweep: Sweep, options: FrontierOptions = {}): Frontier {
  const curve = Frame.use(frame => prepare(problem, sweep, options, OPTION_KEYS, frame));
  try {
    binding().frontier(...argumentsOf(curve));
  } catch (error) {
    throw namingQuantity(fromNative(error), curve.compiled);
  }
  return new Frontier(curve);
}

/** {@link frontier} off the JavaScript thread; the problem is copied as by `assignAsync`. @throws also the signal's reason */
export async function frontierAsync(
  problem: AssignmentProblem,
  sweep: Sweep,
  options: FrontierOptions & { readonly signal?: AbortSignal } = {},
): Promise<Frontier> {
  const curve = Frame.use(frame => prepare(problem, sweep, options, [...OPTION_KEYS, "signal"], frame));
  try {
    await settle(options.signal, () => binding().frontierAsync(...argumentsOf(curve)));
  } catch (error) {
    throw namingQuantity(error, curve.compiled);
  }
  return new Frontier(curve);
}

/** The curve, in columns: one element for each value of the swept limit, in the order given. */
export class Frontier {
  /** The values of the swept limit. */
  readonly values: Float64Array;
  /** Of the plan at each value: `infeasible` where none exists, `unknown` where none was found. */
  readonly status: readonly Status[];
  /** Of the best plan found; NaN without one. */
  readonly objective: Float64Array;
  /** No plan does better, certified (as in a plan's certificate); NaN where there is none. */
  readonly bound: Float64Array;
  /** As in a plan's certificate; NaN without a plan. */
  readonly gap: Float64Array;
  /**
   * What the bound changes by per unit of the value, to first order: with costs minimised, the USD that one more of mean
   * quality costs (its hundredth part is the price per +0.01), or that one more USD of a tenant's budget saves, below 0.
   * NaN where there is no plan.
   */
  readonly slope: Float64Array;
  /** Sums of every quantity over the plans, by name; NaN without one. */
  readonly totals: Readonly<Record<string, Float64Array>>;
  readonly #curve: Curve;

  /** @internal */
  constructor(curve: Curve) {
    const { compiled, points, numbers, swept } = curve;
    const names = compiled.quantityNames;
    const column = (field: number, factor = 1) =>
      curve.values.map((_, p) => factor * points[p * curve.length + field]!);
    const sign = compiled.maximize ? -1 : 1;
    const at = limitAt(names.length, swept);
    const scope = numbers[at + LIMIT.mean] === 1 ? numbers[at + LIMIT.scope]! : 1;
    const towards = numbers[at + LIMIT.atLeast] === 1 ? 1 : -1;
    this.#curve = curve;
    this.values = curve.values;
    this.status = Array.from(column(POINT.status), status => STATUSES[status]!);
    this.objective = column(POINT.objective, sign);
    this.bound = column(POINT.bound, sign);
    this.gap = column(POINT.gap);
    this.slope = column(POINT.size + names.length + swept, sign * towards * scope);
    this.totals = Object.fromEntries(names.map((name, k) => [name, column(POINT.size + k)]));
  }

  /** Number of points. */
  get size(): number {
    return this.values.length;
  }

  /**
   * The prices at which a point's bound is proven: to route by, or to start a solve from.
   *
   * @throws OmniRouterError for a point outside the curve, or without prices because it is infeasible.
   */
  prices(point: number): Prices {
    this.#check(point);
    const { compiled, numbers, points, length } = this.#curve;
    const at = point * length + POINT.size + compiled.quantityNames.length;
    if (Number.isNaN(points[at]!)) throw invalid("point", `must have prices; point ${point} is infeasible`);
    return pricesAt(compiled, numbers, l => points[at + l]!);
  }

  /**
   * Per query, the index of its model in a point's plan.
   *
   * @throws OmniRouterError for a point outside the curve or without a plan, or if plans were not asked for.
   */
  choice(point: number): Uint8Array {
    this.#check(point);
    const { choices, compiled } = this.#curve;
    if (choices === undefined) throw invalid("point", "has no plan kept: ask for them with options.plans");
    if (Number.isNaN(this.gap[point]!)) throw invalid("point", `must have a plan; point ${point} has none`);
    return choices.subarray(point * compiled.rows, (point + 1) * compiled.rows);
  }

  #check(point: number): void {
    if (!(Number.isInteger(point) && point >= 0 && point < this.size))
      throw invalid("point", `must be a whole number >= 0 and below ${this.size}, got ${show(point)}`);
  }
}

/** What is asked of the addon, and where it writes the answer. */
interface Curve {
  readonly compiled: CompiledProblem;
  /** The request (frame.ts). */
  readonly numbers: Float64Array;
  /** Index of the swept limit. */
  readonly swept: number;
  readonly values: Float64Array;
  readonly points: Float64Array;
  /** Numbers per point. */
  readonly length: number;
  readonly choices: Uint8Array | undefined;
}

function argumentsOf({ compiled, numbers, choices, swept, values, points }: Curve): SweepArguments {
  const { matrices, allowed, groups } = compiled;
  return [numbers, matrices, allowed, groups, choices, swept, values, points];
}

const MAX_POINTS = 10_000;
const OPTION_KEYS = [
  "gapTolerance",
  "nodeLimit",
  "seed",
  "ties",
  "plans",
] satisfies (keyof FrontierOptions)[];
const SWEEP_KEYS = ["sum", "mean", "atLeast", "atMost", "group", "model"] satisfies (keyof Sweep)[];

function prepare(
  problem: AssignmentProblem,
  sweep: Sweep,
  options: FrontierOptions,
  keys: readonly string[],
  frame: Frame,
): Curve {
  checkKeys(options, keys, "options");
  const { plans = false, gapTolerance = 1e-4, nodeLimit, seed, ties } = options;
  if (typeof plans !== "boolean") throw invalid("plans", `must be true or false, got ${show(plans)}`);
  checkKeys(sweep, SWEEP_KEYS, "sweep");
  const { atLeast, atMost, ...scope } = sweep;
  if ((atLeast === undefined) === (atMost === undefined))
    throw invalid("sweep", 'must have exactly one of "atLeast" and "atMost"');
  const sense = atLeast === undefined ? "atMost" : "atLeast";
  const values = valuesOf((atLeast ?? atMost)!, `sweep.${sense}`, sweep.sum === "requests");
  checkObject(problem, "problem");
  const { limits = [] } = problem;
  if (!Array.isArray(limits)) throw invalid("limits", "must be an array of limits");
  const compiled = compileProblem(
    { ...problem, limits: [...limits, { ...scope, [sense]: values[0] ?? 0 }] },
    frame,
  );
  const own: AssignOptions = {
    gapTolerance,
    diagnose: false,
    ...(nodeLimit === undefined ? {} : { nodeLimit }),
    ...(seed === undefined ? {} : { seed }),
    ...(ties === undefined ? {} : { ties }),
  };
  writeOptions(own, compiled, frame.numbers, Object.keys(own));
  const numbers = frame.numbers.slice(0, limitAt(compiled.quantityNames.length, limits.length + 1));
  const at = limitAt(compiled.quantityNames.length, limits.length);
  const rows = numbers[at + LIMIT.mean] === 1 ? numbers[at + LIMIT.scope]! : 1;
  values.forEach((value, p) => {
    if (!(Math.abs(value) * rows <= LARGEST_NUMBER))
      throw invalid(`sweep.${sense}[${p}]`, `must come to a sum of at most ${LARGEST_NUMBER}, got ${value}`);
  });
  const length = POINT.size + compiled.quantityNames.length + numbers[REQUEST.limits]!;
  return {
    compiled,
    numbers,
    swept: limits.length,
    values,
    points: new Float64Array(values.length * length),
    length,
    choices: plans ? new Uint8Array(values.length * compiled.rows) : undefined,
  };
}

function valuesOf(stated: readonly number[] | SweepRange, at: string, whole: boolean): Float64Array {
  let values: number[];
  if (Array.isArray(stated)) values = stated;
  else {
    checkKeys(stated, ["from", "to", "points"], at);
    const { from, to, points } = stated as SweepRange;
    if (!(Number.isInteger(points) && points >= 2 && points <= MAX_POINTS))
      throw invalid(`${at}.points`, `must be a whole number from 2 to ${MAX_POINTS}, got ${show(points)}`);
    for (const [name, end] of Object.entries({ from, to }))
      if (!Number.isFinite(end)) throw invalid(`${at}.${name}`, `must be a finite number, got ${show(end)}`);
    values = Array.from({ length: points }, (_, p) => from + ((to - from) * p) / (points - 1));
  }
  if (values.length > MAX_POINTS)
    throw invalid(at, `must be at most ${MAX_POINTS} values, got ${values.length}`);
  values.forEach((value, p) => {
    if (!Number.isFinite(value)) throw invalid(`${at}[${p}]`, `must be a finite number, got ${show(value)}`);
    if (whole && !(value >= 0 && Number.isInteger(value)))
      throw invalid(`${at}[${p}]`, `must be a whole number of queries, got ${value}`);
  });
  return Float64Array.from(values);
}
