import { describe, expect, it } from "vitest";
import { generateWorkload, LIMIT_SETS, problemOf } from "../../bench/instances.js";
import { evaluate, holds } from "../../bench/peers/evaluation.js";
import { assign } from "../../lib/index.js";

describe("the instances of the benches", () => {
  it("are the same for the same seed, and others for another", () => {
    const [a, b, other] = [1, 1, 2].map(seed => generateWorkload(500, 6, seed));
    expect(a).toEqual(b);
    expect(other!.quality).not.toEqual(a!.quality);
    for (const limits of LIMIT_SETS) expect(problemOf(a!, limits)).toEqual(problemOf(b!, limits));
  });

  it("have quality on sixteenths, costs above 0, and dearer models that are better", () => {
    const { quality, cost, models } = generateWorkload(2000, 8);
    expect(quality.every(x => x >= 0 && x <= 1 && Number.isInteger(16 * x))).toBe(true);
    expect(cost.every(x => x > 0 && x < 10)).toBe(true);
    const mean = (values: Float32Array, model: number) =>
      values.reduce((sum, x, cell) => (cell % models.length === model ? sum + x : sum), 0) / 2000;
    expect(mean(quality, 7)).toBeGreaterThan(mean(quality, 0) + 0.2);
    expect(mean(cost, 7)).toBeGreaterThan(20 * mean(cost, 0));
  });

  it.each(LIMIT_SETS)("can be solved, and their limits bind: %s", limits => {
    const problem = problemOf(generateWorkload(1500, 6), limits);
    const plan = assign(problem, { gapTolerance: 1e-3 });
    expect(plan.feasible).toBe(true);
    expect(holds(evaluate(problem, plan.choice))).toBe(true);
    expect(plan.certificate.limits.some(({ limit, price }) => limit.mean === "quality" && price > 0)).toBe(
      true,
    );
    const capacities = plan.certificate.limits.filter(({ limit }) => limit.model !== undefined);
    expect(capacities.length).toBe(limits === "floor" ? 0 : 6);
    if (limits === "tight") expect(capacities.some(({ price }) => price > 0)).toBe(true);
  });

  it("have capacities that sum to 3 N and 1.05 N", () => {
    const workload = generateWorkload(1000, 7);
    const sum = (limits: "slack" | "tight") =>
      problemOf(workload, limits).limits!.reduce(
        (total, limit) => total + (limit.sum === "requests" ? limit.atMost! : 0),
        0,
      );
    expect(sum("slack")).toBe(3000);
    expect(sum("tight")).toBe(1050);
  });
});
