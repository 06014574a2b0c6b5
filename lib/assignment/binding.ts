import type { NativeTask } from "../task.js";

/**
 * - `optimal`: the plan holds every limit and no plan costs less;
 * - `withinTolerance`: it holds every limit and its certified gap is at most `gapTolerance`;
 * - `feasible`: it holds every limit; the certified gap is above `gapTolerance`;
 * - `infeasible`: proven that no plan holds every limit; the plan given misses them as little as was found, or holds
 *   relaxed ones (`AssignOptions.relax`);
 * - `unknown`: neither a plan nor a proof was found.
 */
export type Status = "optimal" | "withinTolerance" | "feasible" | "infeasible" | "unknown";

/** In the order of native/assignment/solver.h. */
export const STATUSES: readonly Status[] = [
  "optimal",
  "withinTolerance",
  "feasible",
  "infeasible",
  "unknown",
];

/**
 * Why a solve ended:
 *
 * - `proven`: the plan is optimal, or it is proven that there is none;
 * - `tolerance`: the certified gap is within `gapTolerance`;
 * - `noProgress`: every step was made, and none improves the plan further;
 * - `nodeLimit`, `timeLimit`: that limit was reached;
 * - `workLimit`: so much work was done as a batch of its size may take where no `timeLimit` is given: some hundred times the usual.
 */
export type StopReason = "proven" | "tolerance" | "noProgress" | "nodeLimit" | "timeLimit" | "workLimit";

/** In the order of native/assignment/solver.h. */
export const STOP_REASONS: readonly StopReason[] = [
  "proven",
  "tolerance",
  "noProgress",
  "nodeLimit",
  "timeLimit",
  "workLimit",
];

/** A problem: the frame (frame.ts), which also receives the answer, and the arrays. */
type Problem = [
  frame: Float64Array,
  quantities: readonly Float32Array[],
  allowed: BigUint64Array | undefined,
  groups: Uint16Array | undefined,
];

/** `choices` is points x queries; `limit` the index of the one that is swept, `bounds` its bounds as stated. */
export type SweepArguments = [
  ...problem: Problem,
  choices: Uint8Array | undefined,
  limit: number,
  bounds: Float64Array,
  points: Float64Array,
];

/** native/bindings/assignment.cc and frontier.cc. */
export interface AssignmentBinding {
  /** Writes `choice`: one element per query at least. */
  assign(...rest: [...problem: Problem, choice: Uint8Array]): void;
  /** The request is read before this returns; the answer and `choice` are written just before the promise resolves. */
  assignAsync(...rest: [...problem: Problem, choice: Uint8Array]): NativeTask<void>;
  chooseByPrices(...rest: [...problem: Problem, choice: Uint8Array]): void;
  /** One solve for each of the limit's bounds. Writes `points`, and `choices` if given. */
  frontier(...sweep: SweepArguments): void;
  frontierAsync(...sweep: SweepArguments): NativeTask<void>;
}
