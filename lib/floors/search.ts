import { Plan, type Solved } from "../assignment/plan.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { PromiseAsked, QualityPromise } from "./promise.js";
import type { FloorHistory } from "./residuals.js";
import { PromiseScope } from "./scope.js";

/** A solve that the search asks for. */
export interface Attempt {
  readonly problem: AssignmentProblem;
  /**
   * `"nearest"`: floors that cannot hold are to be moved to the nearest that can, without a diagnosis; `"as asked"`: as the
   * caller's own options say.
   */
  readonly relax: "nearest" | "as asked";
}

export interface Promised {
  readonly solved: Solved;
  /** One for each that was asked for; none where the other limits cannot hold together, whatever is promised. */
  readonly promises: readonly QualityPromise[];
}

/** Solves at most; four do mostly. */
const MOST_ATTEMPTS = 16;
/** If so many fall short, the highest predicted quality is looked at. */
const PATIENCE = 6;

/**
 * Finds the best plan whose promises hold: floors of predicted quality are moved until the lower bound of what will be
 * realised (bound.ts) meets what was asked for.
 *
 * The margin of a plan depends on its prices, and so on the floor. The floor becomes what was asked for plus the margin of the
 * solve before, which settles in a few solves as margins change slowly; where they jump, the floor is halved in
 * between. The search asks its caller for one solve after the other, so that it serves both at once and off the event
 * loop.
 *
 * @param problem with every limit but the floors to be promised.
 */
export function* keepPromises(
  problem: AssignmentProblem,
  asked: readonly PromiseAsked[],
  history: FloorHistory,
): Generator<Attempt, Promised, Solved> {
  const scopes = asked.map(promise => new PromiseScope(promise, problem, history));
  const floors = scopes.filter(({ asked, empty }) => asked.minQuality !== undefined && !empty);
  const own = problem.limits ?? [];
  const withFloors = () => ({ ...problem, limits: [...own, ...floors.map(scope => scope.limit)] });

  let best: (Promised & { readonly objective: number }) | undefined;
  for (let attempt = 1; floors.length > 0 && attempt <= MOST_ATTEMPTS; attempt++) {
    const solved = yield { problem: withFloors(), relax: "nearest" };
    const plan = new Plan(solved);
    const { objective, limits, relaxed } = plan.certificate;
    const stated = limits.slice(0, own.length).map(report => report.limit);
    if (!(plan.feasible || plan.relaxed) || relaxed.some(({ limit }) => stated.includes(limit))) break;
    for (const scope of scopes) scope.look(plan);
    const held = scopes.every(scope => scope.holds);
    if (held && (best === undefined || isBetter(problem, objective, best.objective)))
      best = { solved, promises: scopes.map(scope => scope.promise(false)), objective };
    // Nothing to gain; or the nearest was reached, and is not near enough.
    if (floors.every(scope => scope.tight || (!scope.holds && plan.relaxed))) break;
    for (const scope of floors) scope.move(attempt >= PATIENCE && best === undefined);
  }
  if (best !== undefined) return best;

  const solved = yield { problem: withFloors(), relax: "as asked" };
  const plan = new Plan(solved);
  if (floors.length === 0 && (plan.feasible || plan.relaxed)) for (const scope of scopes) scope.look(plan);
  return { solved, promises: scopes.filter(({ looked }) => looked).map(scope => scope.promise(true)) };
}

function isBetter({ objective }: AssignmentProblem, value: number, than: number): boolean {
  return "maximize" in objective ? value > than : value < than;
}
