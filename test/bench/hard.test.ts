import { describe, expect, it } from "vitest";
import { infeasible, perCall, qualityAlone, sweeping } from "../../bench/hard.js";
import { generateWorkload } from "../../bench/instances.js";
import { assign, Frontier, type Plan } from "../../lib/index.js";

const workload = generateWorkload(3000, 6);

describe("the hard cases of the benches are what they are called", () => {
  it("pure ties", () => {
    const { cost } = perCall(workload).quantities;
    expect(new Set(cost).size).toBe(6);
    expect(assign(perCall(workload)).feasible).toBe(true);
    expect(Object.keys(qualityAlone(workload).quantities)).toEqual(["quality"]);
    expect(assign(qualityAlone(workload)).feasible).toBe(true);
  });

  it.each([1e-3, 0.05])("a floor %f out of reach", beyond => {
    const { run, beside } = infeasible(workload, beyond);
    expect((run() as Plan).status).toBe("infeasible");
    expect((beside!.run() as Plan).feasible).toBe(true);
  });

  it("a frontier of floors that all can hold", () => {
    const curve = sweeping(workload).run();
    expect(curve).toBeInstanceOf(Frontier);
    expect(new Set((curve as Frontier).status).has("infeasible")).toBe(false);
    expect((curve as Frontier).objective.every((x, p, all) => p === 0 || x >= all[p - 1]!)).toBe(true);
  });
});
