import { summariseFloors } from "../floor-summary.js";
import type { CapacityResults, EvaluationResults, MethodResults, SetResults } from "../results.js";
import { isOurs } from "./colours.js";
import { percent } from "./words.js";

/** What the tables say, in a sentence or two for each limit of capacity; whoever wins. */
export function headlines(set: SetResults, { capacities, confidence }: EvaluationResults): string[] {
  const best = mostFrequent(set.best.map(({ model }) => model));
  return capacities.flatMap(capacity => {
    const of = (method: MethodResults) => method.capacities.find(each => each.capacity === capacity)!;
    const lines: string[] = [];
    const own = set.methods.find(({ id }) => id === "omnirouter");
    const others = set.methods.filter(({ id }) => !isOurs(id) && id !== "oracle");
    if (own !== undefined) {
      const match = (results: CapacityResults, i: number) => results.match[i]!.mean;
      const told = [1, 2].map(i => {
        const rival = others.reduce<MethodResults | undefined>(
          (a, b) => (a === undefined || match(of(b), i) < match(of(a), i) ? b : a),
          undefined,
        );
        const beside =
          rival === undefined
            ? ""
            : ` (${rival.label}, the best of the others: ${percent(match(of(rival), i), 1)})`;
        return `${i === 1 ? "99" : "95"} % of its quality for ${percent(match(of(own), i), 1)} of its cost${beside}`;
      });
      lines.push(
        `${where(capacity)}, beside ${best} as the best single model, OmniRouter reaches ${told.join(", and ")}.`,
      );
    }
    const confident = set.methods.find(({ id }) => id === "omnirouter-confident");
    if (confident !== undefined) {
      const { met, refused, beyond } = summariseFloors(of(confident).floors);
      lines.push(
        `${where(capacity)}, asked for confidence ${confidence}, it kept ${percent(met, 1)} of the floors it promised and refused ${percent(refused, 1)}; ${percent(beyond, 1)} were out of reach for any policy of its predictor.`,
      );
    }
    return lines;
  });
}

function where(capacity: number): string {
  return capacity >= 1
    ? "Without limits of capacity"
    : `With at most ${percent(capacity)} of a batch for each model`;
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}
