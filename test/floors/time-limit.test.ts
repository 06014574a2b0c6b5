import { afterEach, expect, it, vi } from "vitest";
import type * as Assign from "../../lib/assignment/assign.js";

const limits: (number | undefined)[] = [];
vi.mock("../../lib/assignment/assign.js", async original => {
  const actual = await original<typeof Assign>();
  return {
    ...actual,
    solve: (problem: Parameters<typeof actual.solve>[0], options: Assign.AssignOptions) => {
      limits.push(options.timeLimit);
      return actual.solve(problem, { ...options, timeLimit: 1e6 });
    },
  };
});
const { solveWithFloors } = await import("../../lib/floors/solve.js");
const { draw, historyOf, likenessOf, models } = await import("./population.js");

afterEach(() => {
  vi.restoreAllMocks();
  limits.length = 0;
});

it("a time limit is over all the solves that floors take, not over each", () => {
  const { quality, cost } = draw(100, 1);
  const problem = { models, quantities: { quality, cost }, objective: { minimize: "cost" } as const };
  const evidence = { history: historyOf(draw(300, 2)), likeness: likenessOf({ rows: 100 }) };
  const asked = [{ minQuality: 0.75, confidence: 0.95 }];
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 30;
    return now;
  });
  solveWithFloors(problem, asked, evidence, { timeLimit: 100 });
  expect(limits.length).toBeGreaterThan(2);
  expect(limits.slice(0, 4)).toEqual([70, 40, 10, 0].slice(0, limits.length));
  limits.length = 0;
  solveWithFloors(problem, asked, evidence, {});
  expect(limits.every(limit => limit === undefined)).toBe(true);
});
