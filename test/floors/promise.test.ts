import { describe, expect, it } from "vitest";
import { assign } from "../../lib/assignment/assign.js";
import { Plan } from "../../lib/assignment/plan.js";
import type { AssignmentProblem } from "../../lib/assignment/problem.js";
import { solvePromised, solvePromisedAsync } from "../../lib/floors/solve.js";
import { type Drawn, draw, historyOf, models, realised } from "./population.js";

function problemOf({ quality, cost }: Drawn, more: Partial<AssignmentProblem> = {}): AssignmentProblem {
  return { models, quantities: { quality, cost }, objective: { minimize: "cost" }, ...more };
}
const ask = (minQuality: number, confidence = 0.95) => [{ minQuality, confidence }];

describe("a floor of realised quality", () => {
  it.each([
    ["calibrated", 0],
    ["over-confident", 0.06],
  ])(
    "is kept as often as promised by a predictor that is %s",
    (_, excess) => {
      const repeats = 120;
      let [kept, bare, cost, hindsight] = [0, 0, 0, 0];
      for (let seed = 0; seed < repeats; seed++) {
        const history = historyOf(draw(400, 2 * seed, excess));
        const batch = draw(200, 2 * seed + 1, excess);
        const { solved, promises } = solvePromised(problemOf(batch), ask(0.75), history, {});
        expect(promises).toMatchObject([{ refused: false, asked: 0.75, queries: 200 }]);
        const { best, predicted, margin, floor } = promises[0]!;
        expect(best).toBeGreaterThanOrEqual(0.75);
        expect(best).toBeLessThan(0.76);
        expect(predicted - margin.total).toBeCloseTo(best, 6);
        expect(predicted).toBeGreaterThanOrEqual(floor! - 1e-6);
        if (realised(batch, solved.choice) >= 0.75) kept++;
        cost += new Plan(solved).totals.cost!;
        const floored = (atLeast: number) =>
          assign(problemOf(batch, { limits: [{ mean: "quality", atLeast }] }), { nodeLimit: 0 });
        if (realised(batch, floored(0.75).choice) >= 0.75) bare++;
        // The floor plus the sampling margin of 200 outcomes of variance 0.14 or so, had the excess been known.
        hindsight += floored(0.75 + excess + 1.645 * Math.sqrt(0.14 / 200)).totals.cost!;
      }
      // 120 promises kept with probability 0.95 are 0.95 +- 0.02.
      expect(kept / repeats).toBeGreaterThan(0.91);
      expect(kept / repeats).toBeLessThan(0.995);
      expect(bare / repeats).toBeLessThan(excess > 0 ? 0.1 : 0.65);
      expect(cost / hindsight).toBeLessThan(1.25);
    },
    60_000,
  );

  it("is refused, with the best that can be promised, where the batch, the history or the models do not allow it", () => {
    const history = historyOf(draw(2000, 1));
    const refusal = (rows: number, floor: number, of = history) => {
      const { solved, promises } = solvePromised(problemOf(draw(rows, 2)), ask(floor), of, {});
      return { plan: new Plan(solved), ...promises[0]! };
    };
    expect(refusal(2000, 0.8)).toMatchObject({ refused: false });
    expect(refusal(12, 0.75)).toMatchObject({ refused: true, reason: "batch" });
    expect(refusal(2000, 0.88, historyOf(draw(40, 3)))).toMatchObject({ refused: true });
    expect(refusal(2000, 0.99)).toMatchObject({ refused: true, reason: "quality" });
    const unheard = refusal(2000, 0.5, historyOf(draw(9, 3)));
    expect(unheard).toMatchObject({ refused: true, reason: "history", best: 0, outcomes: 0 });
    // What is named as the best can be had, and not much more.
    const { best, plan } = refusal(2000, 0.97);
    expect(plan.feasible).toBe(false);
    expect(refusal(2000, best - 1e-3)).toMatchObject({ refused: false });
    expect(refusal(2000, best + 0.01)).toMatchObject({ refused: true });
  });

  it("asks less of the same queries the larger their batch and the history", () => {
    const floorOf = (rows: number, graded: number) =>
      solvePromised(problemOf(draw(rows, 5)), ask(0.75), historyOf(draw(graded, 6)), {}).promises[0]!.margin;
    expect(floorOf(2000, 1000).sampling).toBeLessThan(floorOf(100, 1000).sampling / 2);
    expect(floorOf(500, 4000).history).toBeLessThan(floorOf(500, 250).history / 2);
  });

  it("holds within capacities, a budget, and beside a predicted floor", () => {
    const batch = draw(300, 7);
    const history = historyOf(draw(1000, 8));
    const limits = [
      { sum: "requests", atMost: 60, model: "huge" },
      { sum: "requests", atMost: 90, model: "large" },
      { sum: "cost", atMost: 0.5 },
    ];
    const { solved, promises } = solvePromised(problemOf(batch, { limits }), ask(0.72), history, {});
    const plan = new Plan(solved);
    expect(promises).toMatchObject([{ refused: false }]);
    expect(plan.feasible).toBe(true);
    expect(plan.requests[3]).toBeLessThanOrEqual(60);
    expect(plan.requests[2]).toBeLessThanOrEqual(90);
    const tighter = solvePromised(problemOf(batch, { limits }), ask(0.9), history, {});
    expect(tighter.promises).toMatchObject([{ refused: true }]);
    expect(tighter.promises[0]!.best).toBeGreaterThan(0.72);
    expect(new Plan(tighter.solved).feasible).toBe(false);
  });

  it("is promised nothing where the other limits stand against each other", () => {
    const limits = [{ sum: "cost", atMost: 1e-6 }];
    const history = historyOf(draw(500, 9));
    const { solved, promises } = solvePromised(problemOf(draw(50, 9), { limits }), ask(0.5), history, {});
    expect(new Plan(solved).feasible).toBe(false);
    expect(promises).toEqual([]);
  });

  it("is reported where only a confidence is given, and changes nothing then", () => {
    const batch = draw(300, 10);
    const best = problemOf(batch, {
      objective: { maximize: "quality" },
      limits: [{ sum: "cost", atMost: 0.3 }],
    });
    const { solved, promises } = solvePromised(best, [{ confidence: 0.9 }], historyOf(draw(800, 11)), {});
    expect(solved.choice).toEqual(assign(best).choice);
    const [promise] = promises;
    expect(promise).toMatchObject({ refused: false, confidence: 0.9 });
    expect(promise!.asked).toBeUndefined();
    expect(promise!.floor).toBeUndefined();
    expect(promise!.best).toBeGreaterThan(0.5);
    expect(promise!.best).toBeLessThan(promise!.predicted);
  });

  it("holds for tenants apart, each with its own floor, confidence and number of queries", () => {
    const groups = Uint16Array.from({ length: 600 }, (_, i) => (i % 6 === 0 ? 0 : 1));
    const batch = draw(600, 12);
    const history = historyOf(draw(1500, 13));
    const problem = problemOf(batch, { groups, groupNames: ["gold", "free", "absent"] });
    const { solved, promises } = solvePromised(
      problem,
      [
        { group: "gold", minQuality: 0.8, confidence: 0.9 },
        { group: "free", minQuality: 0.65, confidence: 0.9 },
        { group: "absent", minQuality: 0.9, confidence: 0.9 },
        { confidence: 0.95 },
      ],
      history,
      {},
    );
    const [gold, free, absent, whole] = promises;
    for (const promise of promises) expect(promise.refused).toBe(false);
    expect(gold).toMatchObject({ group: "gold", queries: 100 });
    expect(free).toMatchObject({ group: "free", queries: 500 });
    expect(absent).toMatchObject({ queries: 0, best: 1 });
    expect(whole).toMatchObject({ queries: 600 });
    expect(gold!.margin.sampling).toBeGreaterThan(1.5 * free!.margin.sampling);
    expect(gold!.best).toBeGreaterThanOrEqual(0.8);
    expect(gold!.best).toBeLessThan(0.82);
    expect(free!.best).toBeGreaterThanOrEqual(0.65);
    expect(new Plan(solved).feasible).toBe(true);
  });

  it("is the same at once and off the thread, however often", async () => {
    const history = historyOf(draw(700, 14));
    const problem = problemOf(draw(150, 15));
    const first = solvePromised(problem, ask(0.75), history, {});
    for (const again of [
      solvePromised(problem, ask(0.75), history, {}),
      await solvePromisedAsync(problem, ask(0.75), history, {}),
    ]) {
      expect(again.promises).toEqual(first.promises);
      expect(again.solved.choice).toEqual(first.solved.choice);
    }
    const out = new Uint8Array(150);
    const written = solvePromised(problem, ask(0.75), history, { out });
    expect(written.solved.choice).toBe(out);
    expect(out).toEqual(first.solved.choice);
    expect(() => solvePromised(problem, ask(0.75), history, { out: new Uint8Array(3) })).toThrow(
      /out must be/,
    );
  });

  it("over no queries holds", () => {
    const { promises } = solvePromised(problemOf(draw(0, 1)), ask(0.9), historyOf(draw(100, 1)), {});
    expect(promises).toMatchObject([{ refused: false, best: 1, queries: 0 }]);
  });

  it("of any height with any confidence is given or refused in few solves", () => {
    const history = historyOf(draw(300, 16));
    for (const rows of [1, 2, 7, 64, 150])
      for (const floor of [0, 0.3, 0.7, 0.85, 1])
        for (const confidence of [1e-6, 0.5, 0.9, 1 - 1e-9]) {
          const batch = problemOf(draw(rows, rows));
          const [promise] = solvePromised(batch, ask(floor, confidence), history, {}).promises;
          expect(promise!.refused ? promise!.best < floor : promise!.best >= floor).toBe(true);
        }
  });
});
