import { describe, expect, it } from "vitest";
import { type AssignOptions, assign } from "../../lib/assignment/assign.js";
import { Plan } from "../../lib/assignment/plan.js";
import type { AssignmentProblem } from "../../lib/assignment/problem.js";
import type { FloorAsked } from "../../lib/floors/promise.js";
import type { FloorHistory } from "../../lib/floors/residuals.js";
import type { Kept } from "../../lib/floors/search.js";
import { solveWithFloors, solveWithFloorsAsync } from "../../lib/floors/solve.js";
import { type Drawn, draw, historyOf, likenessOf, models, realised } from "./population.js";

function problemOf({ quality, cost }: Drawn, more: Partial<AssignmentProblem> = {}): AssignmentProblem {
  return { models, quantities: { quality, cost }, objective: { minimize: "cost" }, ...more };
}
/** As the batch's queries were like the history's. */
function evidenceOf(problem: AssignmentProblem, history: FloorHistory) {
  const rows = problem.quantities.quality!.length / models.length;
  return { history, likeness: likenessOf({ rows }) };
}
function promised(
  problem: AssignmentProblem,
  asked: readonly FloorAsked[],
  history: FloorHistory,
  options: AssignOptions,
): Kept {
  return solveWithFloors(problem, asked, evidenceOf(problem, history), options);
}
const ask = (minQuality: number, confidence = 0.95) => [{ minQuality, confidence }];

describe("a floor of realised quality", () => {
  const repeats = 400;
  it.each([
    ["calibrated", 0],
    ["over-confident", 0.06],
  ])(
    "is kept as often as promised by a predictor that is %s, and a bare one by half",
    (_, excess) => {
      let [kept, bare, cost, hindsight, above, slack, bias, apart] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let seed = 0; seed < repeats; seed++) {
        const history = historyOf(draw(400, 2 * seed, excess));
        const batch = draw(200, 2 * seed + 1, excess);
        const { solved, promises } = promised(problemOf(batch), ask(0.75), history, {});
        expect(promises).toMatchObject([{ refused: false, asked: 0.75, queries: 200 }]);
        const { best, predicted, margin, floor } = promises[0]!;
        expect(best).toBeGreaterThanOrEqual(0.75);
        above += best - 0.75;
        expect(predicted - margin.total).toBeCloseTo(best, 6);
        const mean = new Plan(solved).mean("quality");
        expect(mean).toBeGreaterThanOrEqual(floor! - 1e-6);
        apart += Math.abs(mean - predicted);
        if (realised(batch, solved.choice) >= 0.75) kept++;
        cost += new Plan(solved).totals.cost!;

        const corrected = promised(problemOf(batch), [{ minQuality: 0.75 }], history, {});
        const plan = new Plan(corrected.solved);
        expect(plan.feasible).toBe(true);
        expect(corrected.promises).toEqual([]);
        expect(Math.abs(plan.mean("quality") - 0.75)).toBeLessThan(0.01);
        expect(corrected.corrections).toHaveLength(1);
        bias += corrected.corrections[0]!.bias;
        const got = realised(batch, plan.choice);
        slack += got - 0.75;
        if (got >= 0.75) bare++;
        // The floor plus the sampling margin of 200 outcomes of variance 0.14 or so, had the excess been known.
        const floored = (atLeast: number) =>
          assign(problemOf(batch, { limits: [{ mean: "quality", atLeast }] }), { nodeLimit: 0 });
        hindsight += floored(0.75 + excess + 1.645 * Math.sqrt(0.14 / 200)).totals.cost!;
      }
      expect(apart / repeats).toBeLessThan(0.005);
      const error = (share: number) => Math.sqrt((share * (1 - share)) / repeats);
      expect(kept / repeats).toBeGreaterThan(0.95 - 2.5 * error(0.95));
      expect(kept / repeats).toBeLessThan(0.995);
      expect(above / repeats).toBeLessThan(0.002);
      expect(cost / hindsight).toBeLessThan(1.25);
      expect(Math.abs(bare / repeats - 0.5)).toBeLessThan(2.5 * error(0.5));
      // Outcomes of variance 0.14 in the batch, and as many again in the history.
      expect(Math.abs(slack / repeats)).toBeLessThan(3 * Math.sqrt((0.14 / 200 + 0.14 / 400) / repeats));
      // Predictions are cut at 1, so that the excess is a little less where they are high.
      expect(bias / repeats).toBeLessThan(-0.8 * excess + 0.003);
      expect(bias / repeats).toBeGreaterThan(-excess - 0.003);
    },
    60_000,
  );

  it("is promised of a model whose grades never vary, next to what it always has", () => {
    const of = (drawn: Drawn) => ({
      ...drawn,
      quality: drawn.quality.fill(0.9),
      outcomes: drawn.outcomes.fill(0.9),
    });
    const history = historyOf(of(draw(400, 20)));
    const { promises } = promised(problemOf(of(draw(200, 21))), ask(0.99 * 0.9), history, {});
    expect(promises).toMatchObject([{ refused: false }]);
    // Of a model that is right nine times of ten it cannot be.
    const varied = draw(400, 20);
    varied.quality.fill(0.9);
    varied.outcomes.forEach((_, k) => {
      varied.outcomes[k] = Number(Math.floor(k / 4) % 10 > 0);
    });
    const [refused] = promised(problemOf(of(draw(200, 21))), ask(0.99 * 0.9), historyOf(varied), {}).promises;
    expect(refused).toMatchObject({ refused: true, reason: "batch" });
  });

  it("says why it is refused: selection, overlap and shift", () => {
    const batch = problemOf(draw(200, 22));
    const drawn = draw(600, 23);
    const refused = (history: FloorHistory) => promised(batch, ask(0.7), history, {});
    const unknown = refused(historyOf(drawn, { known: new Uint8Array(600) }));
    expect(unknown.promises).toMatchObject([{ refused: true, reason: "selection", best: 0, outcomes: 0 }]);
    expect(unknown.corrections).toEqual([
      { bias: 0, standardError: Number.NaN, outcomes: 0, reason: "selection" },
    ]);
    // Every model has grades on its own quarter of the queries alone.
    const outcomes = drawn.outcomes.map((grade, k) => (Math.floor(k / 4) % 4 === k % 4 ? grade : Number.NaN));
    const propensity = outcomes.map(grade => (Number.isNaN(grade) ? 0.001 : 1));
    const apart = refused(historyOf({ ...drawn, outcomes }, { propensity }));
    expect(apart.promises).toMatchObject([{ refused: true, reason: "overlap", best: 0 }]);

    const near = historyOf(drawn);
    const elsewhere = { ...likenessOf({ rows: 200 }), nearest: new Float32Array(200).fill(0.1) };
    const far = solveWithFloors(batch, ask(0.7), { history: near, likeness: elsewhere }, {});
    expect(far.promises).toMatchObject([{ refused: true, reason: "shift", best: 0 }]);
    expect(far.promises[0]!.shift!.novelty).toBeGreaterThan(0.8);
    expect(refused(near).promises).toMatchObject([{ refused: false, shift: { mix: 0, novelty: 0 } }]);
  });

  it("is refused, with the best that can be promised, where the batch, the history or the models do not allow it", () => {
    const history = historyOf(draw(2000, 1));
    const refusal = (rows: number, floor: number, of = history) => {
      const { solved, promises } = promised(problemOf(draw(rows, 2)), ask(floor), of, {});
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
      promised(problemOf(draw(rows, 5)), ask(0.75), historyOf(draw(graded, 6)), {}).promises[0]!.margin;
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
    const { solved, promises } = promised(problemOf(batch, { limits }), ask(0.72), history, {});
    const plan = new Plan(solved);
    expect(promises).toMatchObject([{ refused: false }]);
    expect(plan.feasible).toBe(true);
    expect(plan.requests[3]).toBeLessThanOrEqual(60);
    expect(plan.requests[2]).toBeLessThanOrEqual(90);
    const tighter = promised(problemOf(batch, { limits }), ask(0.9), history, {});
    expect(tighter.promises).toMatchObject([{ refused: true }]);
    expect(tighter.promises[0]!.best).toBeGreaterThan(0.72);
    expect(new Plan(tighter.solved).feasible).toBe(false);
  });

  it("is promised nothing where the other limits stand against each other", () => {
    const limits = [{ sum: "cost", atMost: 1e-6 }];
    const history = historyOf(draw(500, 9));
    const { solved, promises } = promised(problemOf(draw(50, 9), { limits }), ask(0.5), history, {});
    expect(new Plan(solved).feasible).toBe(false);
    expect(promises).toEqual([]);
  });

  it("is reported where only a confidence is given, and changes nothing then", () => {
    const batch = draw(300, 10);
    const best = problemOf(batch, {
      objective: { maximize: "quality" },
      limits: [{ sum: "cost", atMost: 0.3 }],
    });
    const { solved, promises } = promised(best, [{ confidence: 0.9 }], historyOf(draw(800, 11)), {});
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
    const { solved, promises } = promised(
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
    const first = promised(problem, ask(0.75), history, {});
    for (const again of [
      promised(problem, ask(0.75), history, {}),
      await solveWithFloorsAsync(problem, ask(0.75), evidenceOf(problem, history), {}),
    ]) {
      expect(again.promises).toEqual(first.promises);
      expect(again.solved.choice).toEqual(first.solved.choice);
    }
    const out = new Uint8Array(150);
    const written = promised(problem, ask(0.75), history, { out });
    expect(written.solved.choice).toBe(out);
    expect(out).toEqual(first.solved.choice);
    expect(() => promised(problem, ask(0.75), history, { out: new Uint8Array(3) })).toThrow(/out must be/);
  });

  it("over no queries holds", () => {
    const { promises } = promised(problemOf(draw(0, 1)), ask(0.9), historyOf(draw(100, 1)), {});
    expect(promises).toMatchObject([{ refused: false, best: 1, queries: 0 }]);
  });

  it("of any height with any confidence is given or refused in few solves", () => {
    const history = historyOf(draw(300, 16));
    for (const rows of [1, 2, 7, 64, 150])
      for (const floor of [0, 0.3, 0.7, 0.85, 1])
        for (const confidence of [1e-6, 0.5, 0.9, 1 - 1e-9]) {
          const batch = problemOf(draw(rows, rows));
          const [promise] = promised(batch, ask(floor, confidence), history, {}).promises;
          expect(promise!.refused ? promise!.best < floor : promise!.best >= floor).toBe(true);
        }
  });
});
