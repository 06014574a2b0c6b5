import { binding } from "../binding.js";
import { fromNative, invalid } from "../errors.js";
import { checkKeys } from "../keys.js";
import { show } from "../show.js";
import { settle } from "../task.js";
import { checkOut, chosen } from "./choice.js";
import { type CompiledProblem, compileProblem, namingQuantity } from "./compile.js";
import { copyAnswered, Frame, frameLength, REQUEST } from "./frame.js";
import { Plan, type Solved } from "./plan.js";
import { Prices } from "./prices.js";
import type { AssignmentProblem } from "./problem.js";
import { checkTies, type Ties } from "./ties.js";

/** How hard a solve looks, how it starts, and what it gives where the limits cannot hold. */
export interface AssignOptions {
  /** Relative gap at which a plan counts as `withinTolerance`, >= 0. Default 1e-6. */
  readonly gapTolerance?: number;
  /**
   * Nodes of the exact search that batches of up to 2,048 queries get (of up to 512, where more than 96 limits or 64 groups
   * are in play); 0 for none. It ends with a plan within `gapTolerance`; batches of up to 16 queries get 50 times as many
   * nodes and are searched to the end, so that their plan is optimal, unless that is more work than such a batch may take
   * (`certificate.stopped` is `"workLimit"`). Where a small batch is left with a gap above 2e-4, it is searched with five times as many.
   * Default 20,000.
   */
  readonly nodeLimit?: number;
  /**
   * Milliseconds after which the best plan so far is taken, with its certified gap; `certificate.stopped` tells. The step
   * under way is finished first, and a plan is made of the prices so far where there is none yet: a batch of a million queries and 64
   * models took half a second longer. Such a plan depends on how fast the machine was; every other is the same on all.
   *
   * Default: no limit of time, but one of work, which does not depend on the machine (`certificate.work`): about 200 ms of one core, or 2 us
   * for each pair of a query and a model where that is more (a fifth of that beyond 300,000 pairs). Only limits that cannot hold, or hardly can,
   * take so much. The plan is then the best so far, or the one that misses the limits least; `certificate.stopped` is `"workLimit"`, or
   * `"noProgress"` where a step was left out because it would have gone beyond. With a `timeLimit` there is no limit of work.
   */
  readonly timeLimit?: number;
  /**
   * Prices of an earlier solve of a like problem to start from. Where they do not lead to a plan within `gapTolerance`, it
   * is solved without them as well, and the better is kept.
   */
  readonly warmStart?: Prices;
  /** Seed of the samples from which the prices are first estimated, a 32-bit whole number. Default 1. */
  readonly seed?: number;
  /**
   * When no plan is found: find how near every floor and budget can come while the other limits hold
   * (`certificate.reachable`), by a solve each, as far as the work or the time allowed goes; limits that it does not come to are not named.
   * Without it there are two solves at most: one that finds no plan, and, where its prices do not prove that there is none, one that tries
   * to. Default true.
   */
  readonly diagnose?: boolean;
  /**
   * When no plan is found, take the best that can be reached: floors and budgets are moved as far as need be, and no
   * further, and the plan holds them there (`certificate.relaxed`). The status still speaks of the limits as stated.
   * Capacities, single models' limits and allowed models are never moved; ceilings over all models (budgets) are kept
   * before floors, and the first listed before the next: a floor and a budget in conflict give the highest quality that
   * the budget buys. Costs a solve for each floor and budget, and one more. Default false.
   */
  readonly relax?: boolean;
  /**
   * Who gets queries for which models are equal in all that is optimised or limited; a model without room is passed
   * over. Default `"lowest"`.
   */
  readonly ties?: Ties;
  /**
   * Where the plan's choice is written, one element per query: `plan.choice` is then this array, and what is done to it
   * is done to the plan. A new array if absent.
   */
  readonly out?: Uint8Array;
}

/**
 * Assigns every query one model: minimises (or maximises) the objective while every limit holds, and certifies how far
 * from the best possible the plan can be. Method: Lagrangian dual decomposition (arXiv 2502.20576) with Newton steps on
 * the smoothed dual and exact repair; native/assignment/price_search.h and recovery.h describe it.
 *
 * Synchronous: the matrices are read where they lie. Limits that cannot hold are an answer (`plan.status`), not an
 * exception. A sum counts as within a bound b when it misses it by at most 1e-7 |b| (the matrices are float32); counts
 * of requests are exact. Plans, bounds, curves and proofs of infeasibility all use this one definition: a plan may use the
 * tolerance where that saves anything, and `certificate.bound` holds for every plan that does.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`: a wrong type or length, a value that is not finite, negative, or a
 * quality above 1, a query without an allowed model. The error names the argument.
 */
export function assign(problem: AssignmentProblem, options: AssignOptions = {}): Plan {
  return new Plan(solve(problem, options));
}

/** @internal What a plan is made of. */
export function solve(problem: AssignmentProblem, options: AssignOptions): Solved {
  return Frame.use(frame => solveFrame(frame, compileProblem(problem, frame), options));
}

/** @internal Solves the problem that a frame was filled in with, into `own` where there are no `options.out`. */
export function solveFrame(
  { numbers }: Frame,
  compiled: CompiledProblem,
  options: AssignOptions,
  keys: readonly string[] = OPTION_KEYS,
  own?: Uint8Array,
): Solved {
  const out = writeOptions(options, compiled, numbers, keys) ?? own;
  const { rows, matrices, allowed, groups } = compiled;
  try {
    const choice = chosen(rows, out, choice => binding().assign(numbers, matrices, allowed, groups, choice));
    return { compiled, numbers: copyAnswered(numbers), choice };
  } catch (error) {
    throw namingQuantity(fromNative(error), compiled);
  }
}

/**
 * The same off the JavaScript thread. The call itself checks the problem and copies it, so that buffers may be changed or
 * transferred meanwhile; for that long the event loop waits: some 70 ms for 128 MB (1,000,000 queries x 16 models, two
 * quantities; bench/README.md). Matrices on a `SharedArrayBuffer`, as those of a {@link Workspace}, are not copied but read
 * in place, and the call then takes well under a millisecond; they must be left alone until the promise settles. The
 * plan's per-query accessors read the caller's matrices.
 *
 * `out` is written just before the promise resolves.
 *
 * @throws also the signal's reason, if it is aborted first.
 */
export async function assignAsync(
  problem: AssignmentProblem,
  options: AssignOptions & { readonly signal?: AbortSignal } = {},
): Promise<Plan> {
  return new Plan(await solveAsync(problem, options));
}

/** @internal {@link solve} off the JavaScript thread. */
export async function solveAsync(
  problem: AssignmentProblem,
  options: AssignOptions & { readonly signal?: AbortSignal },
): Promise<Solved> {
  return await solveFrameAsync(
    frame => compileProblem(problem, frame),
    options,
    ASYNC_OPTION_KEYS,
    rows => new Uint8Array(rows),
  );
}

/** @internal {@link solveFrame} off the JavaScript thread; `compile` fills in the frame. */
export async function solveFrameAsync(
  compile: (frame: Frame) => CompiledProblem,
  options: AssignOptions & { readonly signal?: AbortSignal },
  keys: readonly string[],
  own: (rows: number) => Uint8Array,
): Promise<Solved> {
  // The answer comes when the frame is long in other hands.
  const { compiled, numbers, out } = Frame.use(frame => {
    const compiled = compile(frame);
    const out = writeOptions(options, compiled, frame.numbers, keys);
    return { compiled, out, numbers: frame.numbers.slice(0, frameLength(frame.numbers)) };
  });
  const { rows, matrices, allowed, groups } = compiled;
  const choice = out ?? own(rows);
  try {
    await settle(options.signal, () => binding().assignAsync(numbers, matrices, allowed, groups, choice));
  } catch (error) {
    throw namingQuantity(error, compiled);
  }
  return { compiled, numbers, choice };
}

/** @internal */
export const OPTION_KEYS: readonly string[] = [
  "gapTolerance",
  "nodeLimit",
  "warmStart",
  "seed",
  "diagnose",
  "timeLimit",
  "relax",
  "ties",
  "out",
] satisfies (keyof AssignOptions)[];
const ASYNC_OPTION_KEYS: readonly string[] = [...OPTION_KEYS, "signal"];

/** @internal Checks the options and writes their numbers into the frame of a compiled problem; returns `out`. */
export function writeOptions(
  options: AssignOptions,
  compiled: CompiledProblem,
  numbers: Float64Array,
  keys: readonly string[],
): Uint8Array | undefined {
  checkKeys(options, keys, "options");
  const { gapTolerance = 1e-6, nodeLimit = 20_000, seed = 1, diagnose = true, relax = false } = options;
  const { timeLimit = Number.POSITIVE_INFINITY, ties = "lowest", warmStart, out } = options;
  if (!(gapTolerance >= 0 && Number.isFinite(gapTolerance)))
    throw invalid("gapTolerance", `must be a finite number >= 0, got ${gapTolerance}`);
  if (!(Number.isInteger(nodeLimit) && nodeLimit >= 0 && nodeLimit <= 1e9))
    throw invalid("nodeLimit", `must be a whole number from 0 to 1e9, got ${nodeLimit}`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw invalid("seed", `must be a whole number from 0 to ${2 ** 32 - 1}, got ${seed}`);
  if (typeof diagnose !== "boolean") throw invalid("diagnose", "must be true or false");
  if (typeof relax !== "boolean") throw invalid("relax", "must be true or false");
  if (!(typeof timeLimit === "number" && timeLimit >= 0))
    throw invalid("timeLimit", `must be a number of milliseconds >= 0, got ${show(timeLimit)}`);
  const start = warmStart === undefined ? undefined : Prices.own(warmStart, "warmStart");
  if (out !== undefined) checkOut(out, compiled.rows);
  numbers[REQUEST.gapTolerance] = gapTolerance;
  numbers[REQUEST.nodeLimit] = nodeLimit;
  numbers[REQUEST.seed] = seed;
  numbers[REQUEST.diagnose] = diagnose ? 1 : 0;
  numbers[REQUEST.timeLimit] = timeLimit;
  numbers[REQUEST.relax] = relax ? 1 : 0;
  numbers[REQUEST.ties] = checkTies(ties);
  numbers[REQUEST.warm] = start === undefined ? 0 : 1;
  start?.writeTo(numbers, compiled);
  return out;
}
