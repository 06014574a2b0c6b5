// What a user would write in an afternoon: each is a rule with one number in it, found by bisection so that the floors
// hold, that takes the queries as they come and passes over models that are full. Both know floors and capacities; a
// budget they can only overrun.
import type { AssignmentProblem } from "../../lib/index.js";

/** One price of quality for all: the model with the least cost - price * quality that still has room. */
export function calibratedPrice(problem: AssignmentProblem): Uint8Array {
  const { cost, quality } = problem.quantities;
  // Beyond the steepest trade that the matrices hold, only quality counts.
  let dearest = 0;
  for (const c of cost!) if (c > dearest) dearest = c;
  const leastStep = 1 / 1024;
  const plan = (price: number) => spillOver(problem, cell => cost![cell]! - price * quality![cell]!);
  return bisect(problem, plan, 0, dearest / leastStep);
}

/** The cheapest model expected to reach a quality that still has room; where none does, the best one. */
export function qualityThreshold(problem: AssignmentProblem): Uint8Array {
  const { cost, quality } = problem.quantities;
  let dearest = 0;
  for (const c of cost!) if (c > dearest) dearest = c;
  // Below the threshold a model ranks behind all that reach it, by how far it falls short.
  const plan = (threshold: number) =>
    spillOver(problem, cell =>
      quality![cell]! >= threshold ? cost![cell]! : dearest * (2 + threshold - quality![cell]!),
    );
  return bisect(problem, plan, 0, 1);
}

/** The plan of the least number that meets every floor; of the greatest, if none does. Quality rises with the number. */
function bisect(
  problem: AssignmentProblem,
  plan: (number: number) => Uint8Array,
  least: number,
  most: number,
): Uint8Array {
  const low = plan(least);
  if (meetsFloors(problem, low)) return low;
  let best = plan(most);
  if (!meetsFloors(problem, best)) return best;
  let [below, above] = [least, most];
  for (let step = 0; step < 50; step++) {
    const middle = (below + above) / 2;
    const choice = plan(middle);
    if (meetsFloors(problem, choice)) {
      best = choice;
      above = middle;
    } else below = middle;
  }
  return best;
}

/** Query by query, the model of the least score among those with room; a query that fits nowhere goes to the least. */
function spillOver(problem: AssignmentProblem, score: (cell: number) => number): Uint8Array {
  const models = problem.models.length;
  const { cost } = problem.quantities;
  const choice = new Uint8Array(cost!.length / models);
  const capacity = problem.models.map(model =>
    (problem.limits ?? [])
      .filter(limit => limit.model === model && limit.atMost !== undefined)
      .map(({ sum, atMost }) => ({ left: atMost!, used: problem.quantities[sum!] })),
  );
  for (let i = 0; i < choice.length; i++) {
    let [best, bestScore] = [-1, Number.POSITIVE_INFINITY];
    let [least, leastScore] = [0, Number.POSITIVE_INFINITY];
    for (let j = 0; j < models; j++) {
      const cell = i * models + j;
      const value = score(cell);
      if (value < leastScore) [least, leastScore] = [j, value];
      if (value < bestScore && capacity[j]!.every(({ left, used }) => left >= (used?.[cell] ?? 1)))
        [best, bestScore] = [j, value];
    }
    const j = best < 0 ? least : best;
    choice[i] = j;
    for (const limit of capacity[j]!) limit.left -= limit.used?.[i * models + j] ?? 1;
  }
  return choice;
}

function meetsFloors(problem: AssignmentProblem, choice: Uint8Array): boolean {
  const models = problem.models.length;
  const { quality } = problem.quantities;
  const sums = new Map<number, number>();
  const counts = new Map<number, number>();
  const add = (group: number, value: number) => {
    sums.set(group, (sums.get(group) ?? 0) + value);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  };
  const grouped = problem.groups !== undefined;
  for (let i = 0; i < choice.length; i++)
    add(grouped ? problem.groups![i]! : 0, quality![i * models + choice[i]!]!);
  const total = (values: Map<number, number>, group: number | undefined) =>
    group === undefined ? [...values.values()].reduce((a, b) => a + b, 0) : (values.get(group) ?? 0);
  return (problem.limits ?? []).every(
    ({ mean, atLeast, group }) =>
      mean !== "quality" || atLeast === undefined || total(sums, group) >= atLeast * total(counts, group),
  );
}
