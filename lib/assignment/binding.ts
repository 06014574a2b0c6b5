import type { NativeTask } from "../task.js";

/** A problem as the addon takes it (native/bindings/assignment.cc): limits in columns, bounds of sums. */
export interface NativeProblem {
  rows: number;
  models: number;
  quantities: Float32Array[];
  /** Greatest value allowed in each quantity; the least is 0. */
  most: Float64Array;
  /** Weight of each quantity in the minimised objective. */
  objective: Float64Array;
  /** Index of the quantity to keep small among equals, or -1. */
  tieBreak: number;
  limitQuantity: Int32Array;
  limitAtLeast: Uint8Array;
  limitBound: Float64Array;
  limitGroup: Int32Array;
  limitModel: Int32Array;
  allowed: BigUint64Array | undefined;
  groups: Uint16Array | undefined;
  groupCount: number;
}

export interface NativeOptions {
  gapTolerance: number;
  nodeLimit: number;
  seed: number;
  warmStart: Float64Array | undefined;
  diagnose: boolean;
}

/** native/assignment/solver.h says what each means. */
export interface NativeSolution {
  status: Status;
  choice: Uint8Array;
  prices: Float64Array;
  objective: number;
  bound: number;
  gap: number;
  evaluations: number;
  total: Float64Array;
  slack: Float64Array;
  quantity: Float64Array;
  requests: Float64Array;
  conflict: Int32Array;
  reachable: { limit: number; found: boolean; value: number; bound: number }[];
}

/**
 * - `optimal`: the plan holds every limit and no plan costs less;
 * - `withinTolerance`: it holds every limit and its certified gap is at most `gapTolerance`;
 * - `feasible`: it holds every limit; the certified gap is above `gapTolerance`;
 * - `infeasible`: proven that no plan holds every limit; the plan given misses them as little as was found;
 * - `unknown`: neither a plan nor a proof was found.
 */
export type Status = "optimal" | "withinTolerance" | "feasible" | "infeasible" | "unknown";

export interface AssignmentBinding {
  assign(problem: NativeProblem, options: NativeOptions): NativeSolution;
  assignAsync(problem: NativeProblem, options: NativeOptions): NativeTask<NativeSolution>;
  chooseByPrices(problem: NativeProblem, prices: Float64Array, out: Uint8Array): void;
}
