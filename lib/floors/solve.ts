import { type AssignOptions, solve, solveAsync } from "../assignment/assign.js";
import { checkOut } from "../assignment/choice.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { PromiseAsked } from "./promise.js";
import type { FloorHistory } from "./residuals.js";
import { type Attempt, keepPromises, type Promised } from "./search.js";

/** Solves a problem so that its promises hold (search.ts), synchronously. */
export function solvePromised(
  problem: AssignmentProblem,
  asked: readonly PromiseAsked[],
  history: FloorHistory,
  options: AssignOptions,
): Promised {
  const search = keepPromises(problem, asked, history);
  let step = search.next();
  while (!step.done) step = search.next(solve(step.value.problem, optionsOf(step.value, options)));
  return placed(step.value, options.out);
}

/** The same off the JavaScript thread, but for the looks at the history between two solves. */
export async function solvePromisedAsync(
  problem: AssignmentProblem,
  asked: readonly PromiseAsked[],
  history: FloorHistory,
  options: AssignOptions & { readonly signal?: AbortSignal },
): Promise<Promised> {
  const search = keepPromises(problem, asked, history);
  let step = search.next();
  while (!step.done) step = search.next(await solveAsync(step.value.problem, optionsOf(step.value, options)));
  return placed(step.value, options.out);
}

function optionsOf<O extends AssignOptions>({ relax }: Attempt, { out, ...options }: O) {
  return relax === "as asked" ? options : { ...options, relax: true, diagnose: false };
}

/** Only the plan that is kept is written where the caller wants it. */
function placed({ solved, promises }: Promised, out: Uint8Array | undefined): Promised {
  if (out === undefined) return { solved, promises };
  checkOut(out, solved.choice.length);
  out.set(solved.choice);
  return { solved: { ...solved, choice: out }, promises };
}
