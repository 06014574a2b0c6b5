import { binding } from "../binding.js";
import { invalid } from "../errors.js";
import { checkKeys } from "../keys.js";
import { show } from "../show.js";
import { native, settle } from "../task.js";
import type { NativeOptions, NativeSolution } from "./binding.js";
import { Plan } from "./plan.js";
import { Prices } from "./prices.js";
import { type AssignmentProblem, type CompiledProblem, compileProblem, namingQuantity } from "./problem.js";

export interface AssignOptions {
  /** Relative gap at which a plan counts as `withinTolerance`, >= 0. Default 1e-6. */
  readonly gapTolerance?: number;
  /** Nodes of the exact search that batches of up to 64 queries get; 0 for none. Default 20,000. */
  readonly nodeLimit?: number;
  /** Prices of an earlier solve of a like problem to start from. */
  readonly warmStart?: Prices;
  /** Seed of the samples from which the prices are first estimated, a 32-bit whole number. Default 1. */
  readonly seed?: number;
  /** When no plan is found: find the conflict and the nearest reachable values, by further solves. Default true. */
  readonly diagnose?: boolean;
}

/**
 * Assigns every query one model: minimises (or maximises) the objective while every limit holds, and certifies how far
 * from the best possible the plan can be. Method: Lagrangian dual decomposition (arXiv 2502.20576) with Newton steps on
 * the smoothed dual and exact repair; native/assignment/price_search.h and recovery.h describe it.
 *
 * Synchronous: the matrices are read where they lie. Limits that cannot hold are an answer (`plan.status`), not an
 * exception. A sum counts as within a bound b when it misses it by at most 1e-7 |b| (the matrices are float32); counts
 * of requests are exact.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`: a wrong type or length, a value that is not finite, negative, or a
 * quality above 1, a query without an allowed model. The error names the argument.
 */
export function assign(problem: AssignmentProblem, options: AssignOptions = {}): Plan {
  return new Plan(...solve(problem, options));
}

/** @internal What a plan is made of. */
export function solve(
  problem: AssignmentProblem,
  options: AssignOptions,
): [compiled: CompiledProblem, solution: NativeSolution] {
  const compiled = compileProblem(problem);
  const nativeOptions = checkOptions(options, compiled);
  try {
    return [compiled, native(() => binding().assign(compiled.native, nativeOptions))];
  } catch (error) {
    throw namingQuantity(error, compiled);
  }
}

/**
 * The same off the JavaScript thread. The problem is copied first, so that buffers may be changed or transferred
 * meanwhile; matrices on a SharedArrayBuffer are read in place and must be left alone until the promise settles. The
 * plan's per-query accessors read the caller's matrices.
 *
 * @throws also the signal's reason, if it is aborted first.
 */
export async function assignAsync(
  problem: AssignmentProblem,
  options: AssignOptions & { readonly signal?: AbortSignal } = {},
): Promise<Plan> {
  return new Plan(...(await solveAsync(problem, options)));
}

/** @internal {@link solve} off the JavaScript thread. */
export async function solveAsync(
  problem: AssignmentProblem,
  options: AssignOptions & { readonly signal?: AbortSignal },
): Promise<[compiled: CompiledProblem, solution: NativeSolution]> {
  const compiled = compileProblem(problem);
  const nativeOptions = checkOptions(options, compiled, [...OPTION_KEYS, "signal"]);
  try {
    return [
      compiled,
      await settle(options.signal, () => binding().assignAsync(compiled.native, nativeOptions)),
    ];
  } catch (error) {
    throw namingQuantity(error, compiled);
  }
}

const OPTION_KEYS: readonly string[] = [
  "gapTolerance",
  "nodeLimit",
  "warmStart",
  "seed",
  "diagnose",
] satisfies (keyof AssignOptions)[];

function checkOptions(
  options: AssignOptions,
  compiled: CompiledProblem,
  keys: readonly string[] = OPTION_KEYS,
): NativeOptions {
  checkKeys(options, keys, "options");
  const { gapTolerance = 1e-6, nodeLimit = 20_000, seed = 1, diagnose = true, warmStart } = options;
  if (!(gapTolerance >= 0 && Number.isFinite(gapTolerance)))
    throw invalid("gapTolerance", `must be a finite number >= 0, got ${gapTolerance}`);
  if (!(Number.isInteger(nodeLimit) && nodeLimit >= 0 && nodeLimit <= 1e9))
    throw invalid("nodeLimit", `must be a whole number from 0 to 1e9, got ${nodeLimit}`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw invalid("seed", `must be a whole number from 0 to ${2 ** 32 - 1}, got ${seed}`);
  if (typeof diagnose !== "boolean") throw invalid("diagnose", "must be true or false");
  if (warmStart !== undefined && !(warmStart instanceof Prices))
    throw invalid("warmStart", `must be the Prices of an earlier plan, got ${show(warmStart)}`);
  const start =
    warmStart === undefined
      ? undefined
      : Float64Array.from(compiled.limits, limit => {
          const { group, model } = limit;
          return warmStart.of((limit.mean ?? limit.sum)!, {
            sense: limit.atLeast === undefined ? "atMost" : "atLeast",
            ...(group === undefined ? {} : { group }),
            ...(model === undefined ? {} : { model }),
          });
        });
  return { gapTolerance, nodeLimit, seed, diagnose, warmStart: start };
}
