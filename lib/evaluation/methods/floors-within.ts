import { assign } from "../../assignment/assign.js";
import type { SweepRange } from "../../assignment/frontier.js";
import type { AssignmentProblem, Limit } from "../../assignment/problem.js";
import { capacityOf } from "../capacity.js";

/** Points of a curve that takes a solve for each. */
const FLOOR_POINTS = 120;

/** Every model may take a share of the batch at most. */
export function capacityLimits(models: readonly string[], share: number, batch: number): Limit[] {
  const atMost = capacityOf(share, batch);
  return atMost >= batch ? [] : models.map(model => ({ sum: "requests", atMost, model }));
}

/** Floors of mean quality from what the cheapest plan has to the highest that the limits leave within reach. */
export function floorsWithin(problem: Omit<AssignmentProblem, "objective">): SweepRange {
  const meanOf = (objective: AssignmentProblem["objective"]) =>
    assign({ ...problem, objective }, { gapTolerance: 1e-4 }).mean("quality");
  const from = meanOf({ minimize: "cost" });
  const to = meanOf({ maximize: "quality" });
  // A hair below the top, which only the plan that maximises quality reaches.
  return { from, to: Math.max(from, to - 1e-6), points: FLOOR_POINTS };
}
