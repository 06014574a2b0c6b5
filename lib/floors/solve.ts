import { type AssignOptions, solve, solveAsync } from "../assignment/assign.js";
import { checkOut } from "../assignment/choice.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { FloorAsked } from "./promise.js";
import type { FloorHistory } from "./residuals.js";
import { type Attempt, type Kept, keepFloors } from "./search.js";
import type { BatchLikeness } from "./shift.js";

/** Solves a problem so that its floors hold (search.ts), synchronously. */
export function solveWithFloors(
  problem: AssignmentProblem,
  asked: readonly FloorAsked[],
  evidence: { readonly history: FloorHistory; readonly likeness: BatchLikeness },
  options: AssignOptions,
): Kept {
  const started = performance.now();
  const search = keepFloors(problem, asked, evidence.history, evidence.likeness);
  let step = search.next();
  while (!step.done) step = search.next(solve(step.value.problem, optionsOf(step.value, options, started)));
  return placed(step.value, options.out);
}

/** The same off the JavaScript thread, but for the looks at the history between two solves. */
export async function solveWithFloorsAsync(
  problem: AssignmentProblem,
  asked: readonly FloorAsked[],
  evidence: { readonly history: FloorHistory; readonly likeness: BatchLikeness },
  options: AssignOptions & { readonly signal?: AbortSignal },
): Promise<Kept> {
  const started = performance.now();
  const search = keepFloors(problem, asked, evidence.history, evidence.likeness);
  let step = search.next();
  while (!step.done)
    step = search.next(await solveAsync(step.value.problem, optionsOf(step.value, options, started)));
  return placed(step.value, options.out);
}

/** A time limit is over all solves. */
function optionsOf<O extends AssignOptions>({ relax }: Attempt, { out, ...options }: O, started: number) {
  const { timeLimit } = options;
  const left =
    timeLimit === undefined ? {} : { timeLimit: Math.max(0, timeLimit - (performance.now() - started)) };
  return relax === "as asked"
    ? { ...options, ...left }
    : { ...options, ...left, relax: true, diagnose: false };
}

/** Only the plan that is kept is written where the caller wants it. */
function placed({ solved, ...rest }: Kept, out: Uint8Array | undefined): Kept {
  if (out === undefined) return { solved, ...rest };
  checkOut(out, solved.choice.length);
  out.set(solved.choice);
  return { solved: { ...solved, choice: out }, ...rest };
}
