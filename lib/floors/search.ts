import { Plan, type Solved } from "../assignment/plan.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { Correction, FloorAsked, QualityPromise } from "./promise.js";
import type { FloorHistory } from "./residuals.js";
import { correctedQuality, FloorScope } from "./scope.js";
import type { BatchLikeness } from "./shift.js";

/** A solve that the search asks for. */
export interface Attempt {
  readonly problem: AssignmentProblem;
  /**
   * `"nearest"`: floors that cannot hold are to be moved to the nearest that can, without a diagnosis; `"as asked"`: as the
   * caller's own options say.
   */
  readonly relax: "nearest" | "as asked";
}

export interface Kept {
  readonly solved: Solved;
  /** One for each that was asked for; none where the other limits cannot hold together, whatever is promised. */
  readonly promises: readonly QualityPromise[];
  /** Of the batch, then of each tenant with a floor or a promise of its own. */
  readonly corrections: readonly Correction[];
}

/** Solves at most; four do mostly. */
const MOST_ATTEMPTS = 16;
/** If so many fall short, the highest predicted quality is looked at. */
const PATIENCE = 6;
/** Solves at most for the correction alone, where nothing is promised. */
const MOST_CORRECTIONS = 6;

/**
 * Finds the best plan whose floors hold: a bare floor by the quality that the plan's own policy is expected to realise, a
 * promised one by the lower bound of what will be realised (bound.ts).
 *
 * Both depend on the plan's prices, and so on the floor. Predictions are corrected by the bias of the solve before, and a
 * promised floor becomes what was asked for plus the margin of the solve before, which settles in a few solves as both
 * change slowly; where a margin jumps, the floor is halved in between. The search asks its caller for one solve after the
 * other, so that it serves both at once and off the event loop.
 *
 * @param problem with every limit but the floors of mean quality
 * @param asked the batch's first; none twice
 */
export function* keepFloors(
  problem: AssignmentProblem,
  asked: readonly FloorAsked[],
  history: FloorHistory,
  likeness: BatchLikeness,
): Generator<Attempt, Kept, Solved> {
  // The batch's correction is that of all rows without one of their own, whether or not anything is asked of the batch.
  const all = asked.some(({ group }) => group === undefined) ? asked : [{}, ...asked];
  const scopes = all.map(each => new FloorScope(each, problem, history, likeness));
  const floors = scopes.filter(
    ({ asked, empty, isPromise }) => isPromise && asked.minQuality !== undefined && !empty,
  );
  const own = problem.limits ?? [];
  const withFloors = () => ({
    ...problem,
    quantities: { ...problem.quantities, quality: corrected(problem, scopes) },
    limits: [...own, ...scopes.flatMap(({ limit }) => limit ?? [])],
  });
  const answer = (solved: Solved, isFinal: boolean): Kept => ({
    solved,
    promises: scopes
      .filter(({ isPromise, looked }) => isPromise && looked)
      .map(each => each.promise(isFinal)),
    corrections: scopes.filter(({ empty }) => !empty).map(each => each.report()),
  });

  let best: (Kept & { readonly objective: number }) | undefined;
  const most = floors.length > 0 ? MOST_ATTEMPTS : MOST_CORRECTIONS;
  for (let attempt = 1; attempt <= most; attempt++) {
    const solved = yield { problem: withFloors(), relax: "nearest" };
    const plan = new Plan(solved);
    const { objective, limits, relaxed, stopped } = plan.certificate;
    const stated = limits.slice(0, own.length).map(report => report.limit);
    if (!(plan.feasible || plan.relaxed) || relaxed.some(({ limit }) => stated.includes(limit))) break;
    for (const scope of scopes) scope.look(plan);
    // The bound of a promise has the bias of its own policy, whatever the correction.
    const settled = scopes.every(scope => scope.isPromise || scope.settled);
    const isLast = stopped === "timeLimit" || attempt === most;
    const held = scopes.every(scope => scope.holds);
    if (plan.feasible && held && (settled || isLast))
      if (best === undefined || isBetter(problem, objective, best.objective))
        best = { ...answer(solved, false), objective };
    if (isLast) break;
    // Nothing to gain; or the nearest was reached, and is not near enough.
    if (settled && plan.feasible && floors.every(scope => scope.tight)) break;
    if (settled && plan.relaxed && floors.every(scope => !scope.holds)) break;
    for (const scope of scopes) scope.correct();
    for (const scope of floors) scope.move(attempt >= PATIENCE && best === undefined);
  }
  if (best !== undefined) return best;

  const solved = yield { problem: withFloors(), relax: "as asked" };
  const plan = new Plan(solved);
  if (plan.feasible || plan.relaxed) for (const scope of scopes) if (!scope.looked) scope.look(plan);
  return answer(solved, true);
}

/** The predictions with each row's correction: that of its tenant, where it has one, else the batch's. */
function corrected({ quantities, models }: AssignmentProblem, scopes: readonly FloorScope[]): Float32Array {
  const quality = quantities.quality!;
  if (scopes.every(({ correction }) => correction === 0)) return quality;
  const width = models.length;
  const out = quality.slice();
  // The batch comes first, and a tenant's rows are taken over by its own.
  for (const { rows, correction } of scopes)
    for (const row of rows)
      for (let at = row * width; at < (row + 1) * width; at++)
        out[at] = correctedQuality(quality[at]!, correction);
  return out;
}

function isBetter({ objective }: AssignmentProblem, value: number, than: number): boolean {
  return "maximize" in objective ? value > than : value < than;
}
