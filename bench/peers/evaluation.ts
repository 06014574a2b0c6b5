import type { AssignmentProblem, Limit } from "../../lib/index.js";

/** What a plan, ours or a peer's, comes to by one and the same arithmetic: sums in double from the matrices. */
export interface Evaluation {
  readonly objective: number;
  /** Largest relative miss of a floor, and largest relative excess over a budget or capacity; 0 where all hold. */
  readonly shortfall: number;
  readonly excess: number;
}

/** By so much, relative, a sum may miss its bound and count as within it: the matrices are float32. */
export const TOLERANCE = 1e-7;

export function evaluate(problem: AssignmentProblem, choice: Uint8Array): Evaluation {
  const models = problem.models.length;
  const { cost } = problem.quantities;
  let objective = 0;
  for (let i = 0; i < choice.length; i++) objective += cost![i * models + choice[i]!]!;
  let [shortfall, excess] = [0, 0];
  for (const limit of problem.limits ?? []) {
    const { total, rows } = totalOf(problem, limit, choice);
    const bound = (limit.atLeast ?? limit.atMost)! * (limit.mean === undefined ? 1 : rows);
    const miss =
      (limit.atLeast === undefined ? total - bound : bound - total) / Math.max(Math.abs(bound), 1e-300);
    if (limit.atLeast === undefined) excess = Math.max(excess, miss);
    else shortfall = Math.max(shortfall, miss);
  }
  return { objective, shortfall, excess };
}

export function holds({ shortfall, excess }: Evaluation): boolean {
  return shortfall <= TOLERANCE && excess <= TOLERANCE;
}

/** The limited sum of a plan, and the number of rows in the limit's scope. */
function totalOf(
  problem: AssignmentProblem,
  limit: Limit,
  choice: Uint8Array,
): { total: number; rows: number } {
  const models = problem.models.length;
  const name = (limit.mean ?? limit.sum)!;
  const values = problem.quantities[name];
  const model = limit.model === undefined ? -1 : problem.models.indexOf(limit.model);
  let [total, rows] = [0, 0];
  for (let i = 0; i < choice.length; i++) {
    if (limit.group !== undefined && problem.groups![i] !== limit.group) continue;
    rows++;
    const j = choice[i]!;
    if (model >= 0 && j !== model) continue;
    total += values === undefined ? 1 : values[i * models + j]!;
  }
  return { total, rows };
}
