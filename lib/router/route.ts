import type { AssignOptions } from "../assignment/assign.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import { invalid } from "../errors.js";
import { solveWithFloors, solveWithFloorsAsync } from "../floors/solve.js";
import type { ModelPool } from "../pool/pool.js";
import type { Predictions } from "../prediction/predictor.js";
import { columnsOf, predict, predictSync } from "./batch.js";
import { type CompiledLimits, compileLimits, type RouteLimits } from "./limits.js";
import type { QueryColumns, RouteQuery } from "./queries.js";
import { RoutePlan } from "./route-plan.js";
import { floorHistoryOf, type RouterState } from "./state.js";

/** As of a solve ({@link AssignOptions}), with what a batch that is predicted first takes besides. */
export interface RouteOptions extends AssignOptions {
  /** Ends the routing, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after every few thousand queries whose outcomes have been predicted. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** @param present the pool as it is by now: models that have left it since the batch began are not chosen */
export async function route(
  state: RouterState,
  present: () => ModelPool,
  queries: readonly (string | RouteQuery)[],
  limits: RouteLimits,
  { signal, onProgress, ...options }: RouteOptions,
): Promise<RoutePlan> {
  const compiled = compileLimits(limits, state.parts.pool);
  const columns = columnsOf(state, queries, compiled.groupNames);
  const history = floorHistoryOf(state);
  const { predictions, cluster, ...timings } = await predict(state, columns, signal, onProgress);
  const evidence = { history, likeness: { cluster, nearest: predictions.nearest } };
  const started = performance.now();
  const solveOptions = { ...options, ...(signal ? { signal } : {}) };
  let removed = removedFrom(state, present());
  for (;;) {
    const narrowed = narrow(columns, state, removed, isPromised(compiled));
    const problem = problemOf(narrowed, predictions, compiled);
    const kept = await solveWithFloorsAsync(problem, compiled.floors, evidence, solveOptions);
    const now = removedFrom(state, present());
    const assign = performance.now() - started;
    if (now === removed) return new RoutePlan(kept, columns, predictions, { ...timings, assign });
    removed = now;
  }
}

export function routeSync(
  state: RouterState,
  queries: readonly (string | RouteQuery)[],
  limits: RouteLimits,
  options: AssignOptions,
): RoutePlan {
  const compiled = compileLimits(limits, state.parts.pool);
  const columns = columnsOf(state, queries, compiled.groupNames);
  const { predictions, cluster, ...timings } = predictSync(state, columns);
  const evidence = {
    history: floorHistoryOf(state),
    likeness: { cluster, nearest: predictions.nearest },
  };
  const started = performance.now();
  const problem = problemOf(narrow(columns, state, 0n, isPromised(compiled)), predictions, compiled);
  const kept = solveWithFloors(problem, compiled.floors, evidence, options);
  const assign = performance.now() - started;
  return new RoutePlan(kept, columns, predictions, { ...timings, assign });
}

function isPromised({ floors }: CompiledLimits): boolean {
  return floors.some(({ confidence }) => confidence !== undefined);
}

/** Bit j: model j of that state is not in the pool any more. */
function removedFrom({ parts }: RouterState, pool: ModelPool): bigint {
  if (pool === parts.pool) return 0n;
  return parts.pool.names.reduce(
    (mask, name, column) => (pool.indexOf(name) < 0 ? mask | (1n << BigInt(column)) : mask),
    0n,
  );
}

/**
 * The queries without the models that have been removed since. Where realised quality is promised also without those that had
 * no graded outcome when the predictor was fitted, as nothing shows how predictions of them turn out: but for queries that
 * may go to no other.
 */
function narrow(
  columns: QueryColumns,
  { parts, usable }: RouterState,
  removed: bigint,
  isPromised: boolean,
): QueryColumns {
  const unproven = isPromised ? parts.trained.unproven : 0n;
  if (removed === 0n && (unproven & usable) === 0n) return columns;
  const all = usable & ((1n << BigInt(parts.pool.size)) - 1n);
  const before = columns.allowed ?? new BigUint64Array(columns.texts.length).fill(all);
  const allowed = before.map(mask => mask & ~removed & ~unproven || mask & ~removed);
  const none = allowed.indexOf(0n);
  if (none >= 0)
    throw invalid(`queries[${none}].allowed`, "names only models that have been removed from the pool since");
  return { ...columns, allowed };
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
