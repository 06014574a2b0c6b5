import { describe, expect, it } from "vitest";
import { METHODS } from "../../lib/evaluation/methods/all.js";
import { ours } from "../../lib/evaluation/methods/ours.js";
import { caveats } from "../../lib/evaluation/report/caveats.js";
import type { CapacityResults, SetResults } from "../../lib/evaluation/results.js";
import { type EvaluationOptions, type EvaluationSet, evaluate } from "../../lib/evaluation/run.js";
import { batchesOf } from "../../lib/evaluation/split-run.js";
import { History } from "../../lib/history/history.js";
import type { HistoryRecord } from "../../lib/history/record.js";
import { seededRandom } from "../../lib/random.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";

const workload = simulateWorkload({ records: 500, queries: 0, seed: 3 });
const options: EvaluationOptions = {
  seeds: [1, 2],
  trainShare: 0.7,
  capacities: [1],
  floors: [0.8, 0.95],
  batches: [50, "all"],
  methods: METHODS.filter(({ id }) => ["omnirouter", "carrot-knn", "cheapest", "oracle"].includes(id)),
};

async function setOf(records: readonly HistoryRecord[]): Promise<EvaluationSet> {
  const { pool } = workload;
  return {
    name: "simulated",
    description: "Simulated",
    pool,
    history: await History.read([...records], pool),
  };
}

describe("evaluate", () => {
  it("compares methods on the same splits, alike for the same seeds", async () => {
    const set = await setOf(workload.history);
    const told: string[] = [];
    const results = await evaluate([set], {
      ...options,
      onProgress: (done, total, what) => told.push(`${done}/${total} ${what}`),
    });
    expect(told[0]).toBe("0/10 simulated, split 1: preparing");
    expect(told.at(-1)).toBe("9/10 simulated, split 2: Oracle");
    const [only] = results.sets;
    expect(only!.methods.map(({ id }) => id)).toEqual(["omnirouter", "carrot-knn", "cheapest", "oracle"]);
    expect([only!.historyQueries, only!.heldOutQueries, only!.known]).toEqual([350, 150, 1]);
    for (const { id, capacities } of only!.methods) {
      const [slack] = capacities;
      expect(slack!.violations).toBe(0);
      expect(slack!.floors.map(({ batch, batches }) => [batch, batches])).toEqual([
        [50, 6],
        [50, 6],
        ["all", 2],
        ["all", 2],
      ]);
      for (const { ratio } of slack!.match.flatMap(({ values }) => values.map(ratio => ({ ratio })))) {
        expect(ratio).toBeGreaterThan(0);
        expect(ratio).toBeLessThanOrEqual(1);
      }
      // Nobody beats the one who knows the answers, and the oracle meets every floor.
      const knowing = only!.methods.at(-1)!.capacities[0]!;
      expect(slack!.peak.mean).toBeLessThanOrEqual(knowing.peak.mean + 1e-9);
      if (id === "oracle") for (const floor of slack!.floors) expect(floor.met).toBe(floor.batches);
    }
    const again = await evaluate([set], options);
    const timeless = ({ sets, createdAt: _, ...rest }: typeof results) => ({
      ...rest,
      sets: sets.map(({ seconds: __, ...own }) => own),
    });
    expect(timeless(again)).toEqual(timeless(results));
  });

  it("judges records as the README has them: the input is estimated, and said to be", async () => {
    const bare = workload.history.map(({ id, query, outcomes }) => ({
      id,
      query,
      outcomes: Object.fromEntries(
        Object.entries(outcomes).map(([model, { quality, outputTokens }]) => [
          model,
          { quality, outputTokens },
        ]),
      ),
    }));
    const [full, own] = [await setOf(workload.history), await setOf(bare as HistoryRecord[])];
    const { sets } = await evaluate([full, own], { ...options, seeds: [1] });
    const [told, estimated] = sets as [SetResults, SetResults];
    expect(told.costs).toMatchObject({ graded: 4000, recorded: 4000 });
    expect(estimated.costs).toMatchObject({ graded: 4000, inputEstimated: 4000, unknown: 0 });
    expect(caveats(told)).toEqual([]);
    expect(caveats(estimated)).toEqual([expect.stringMatching(/4,000 have neither a cost nor inputTokens/)]);
    // Grades are the same, and answers are by far the larger part of costs.
    for (const [at, { capacities }] of estimated.methods.entries()) {
      const [slack] = told.methods[at]!.capacities;
      expect(capacities[0]!.peak.mean).toBeCloseTo(slack!.peak.mean, 1);
      expect(capacities[0]!.judged.mean).toBe(1);
    }
  });

  it("judges records of which some lack tokens and costs, and counts them", async () => {
    const partly = workload.history.map(({ inputTokens, outcomes, ...record }, row) => ({
      ...record,
      ...(row % 2 === 0 && inputTokens !== undefined ? { inputTokens } : {}),
      outcomes: Object.fromEntries(
        Object.entries(outcomes).map(([model, { quality, outputTokens, cost }], column) => [
          model,
          [{ quality }, { quality, cost }, { quality, outputTokens }][(row + column) % 3],
        ]),
      ),
    }));
    const { sets } = await evaluate([await setOf(partly as HistoryRecord[])], { ...options, seeds: [1] });
    const [{ known, costs }] = sets as [SetResults];
    expect(known).toBe(1);
    const { graded, recorded, counted, inputEstimated, lengthAssumed, unknown } = costs;
    expect(recorded + counted + inputEstimated + lengthAssumed).toBe(graded);
    expect(unknown).toBe(0);
    for (const part of [recorded, counted, inputEstimated, lengthAssumed]) expect(part).toBeGreaterThan(600);
    expect(caveats(sets[0]!)).toHaveLength(2);
  });

  it("judges a log of one answer a query by what it shares with it, and says how much that is", async () => {
    const names = workload.pool.names;
    const log = workload.history.map(({ outcomes, ...record }, row) => {
      const model = names[(row * 5) % names.length]!;
      return { ...record, outcomes: { [model]: outcomes[model]! } };
    });
    await expect(evaluate([await setOf(log)], options)).rejects.toMatchObject({
      argument: "data",
      message: expect.stringMatching(/0 say how their graded models were selected; declare/),
    });
    const declared = log.map(record => ({ ...record, selection: "random" as const }));
    const { sets } = await evaluate([await setOf(declared)], { ...options, seeds: [1] });
    const [{ answered, methods, known }] = sets as [SetResults];
    expect(answered).toBe(0);
    expect(known).toBeCloseTo(1 / names.length, 2);
    for (const { id, capacities } of methods) {
      const [{ judged, peak, floors }] = capacities as [CapacityResults];
      if (id === "oracle") expect(judged.mean).toBe(1);
      else expect(judged.mean).toBeLessThan(0.5);
      expect(peak.mean).toBeGreaterThan(0);
      for (const { met, batches } of floors) expect(met).toBeLessThanOrEqual(batches);
    }
    expect(caveats(sets[0]!)).toEqual([
      expect.stringMatching(/have a known outcome/),
      expect.stringMatching(/^100\.0 % of the queries were answered by one model or none/),
      expect.stringMatching(/are worth \d+ of equal weight/),
    ]);
  });

  it("refuses what there is nothing to compare in", async () => {
    const only = workload.pool.names[2]!;
    const log = workload.history.map(({ outcomes, ...rest }) => ({
      ...rest,
      outcomes: { [only]: outcomes[only]! },
    }));
    await expect(evaluate([await setOf(log)], options)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_HISTORY",
      message: expect.stringContaining(`of ${only} alone`),
    });
    const grades = workload.history.map(({ id, query }, row) => ({
      id,
      query,
      outcomes: Object.fromEntries(workload.pool.names.map(name => [name, { quality: row % 2 }])),
    }));
    await expect(evaluate([await setOf(grades)], options)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_HISTORY",
      message: expect.stringContaining("cannot be compared by what they cost"),
    });
  });

  it("scores a history with shuffled labels as chance", async () => {
    const random = seededRandom(5);
    const outcomes = workload.history.map(record => record.outcomes);
    for (let last = outcomes.length - 1; last > 0; last--) {
      const other = Math.floor(random.uniform() * (last + 1));
      [outcomes[last], outcomes[other]] = [outcomes[other]!, outcomes[last]!];
    }
    const shuffled = workload.history.map((record, row) => ({ ...record, outcomes: outcomes[row]! }));
    const { sets } = await evaluate([await setOf(shuffled)], {
      ...options,
      seeds: [1, 2, 3],
      methods: METHODS.filter(({ id }) => !["random", "cheapest", "oracle", "best-single"].includes(id)),
    });
    // 8 models x 150 held-out queries x 3 splits: the standard error of the mean AUC is about .02.
    for (const { id, prediction } of sets[0]!.methods)
      expect(Math.abs(prediction!.auc.mean - 0.5), id).toBeLessThan(0.07);
  });

  it("takes missing outcomes for missing, and says how many are known", async () => {
    const random = seededRandom(9);
    const sparse = workload.history.map(record => ({
      ...record,
      selection: "random" as const,
      outcomes: Object.fromEntries(Object.entries(record.outcomes).filter(() => random.uniform() < 0.5)),
    }));
    const { sets } = await evaluate([await setOf(sparse)], { ...options, seeds: [1], methods: METHODS });
    expect(sets[0]!.known).toBeGreaterThan(0.45);
    expect(sets[0]!.known).toBeLessThan(0.55);
    for (const { id, capacities } of sets[0]!.methods) {
      expect(capacities[0]!.peak.mean, id).toBeGreaterThan(0);
      expect(capacities[0]!.peak.mean, id).toBeLessThanOrEqual(1);
    }
  });

  it("refuses what cannot be evaluated, and stops when told to", async () => {
    const set = await setOf(workload.history.slice(0, 50));
    await expect(evaluate([set], { ...options, capacities: [0.1] })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: "capacities",
      message: expect.stringContaining("at least 0.13"),
    });
    const one = await setOf(workload.history.slice(0, 1));
    await expect(evaluate([one], options)).rejects.toMatchObject({ argument: "data" });
    const controller = new AbortController();
    const running = evaluate([set], {
      ...options,
      methods: [ours],
      signal: controller.signal,
      onProgress: done => done === 1 && controller.abort(new Error("enough")),
    });
    await expect(running).rejects.toThrow("enough");
  });
});

describe("batchesOf", () => {
  it("cuts whole batches, ten at most, of all held-out queries", () => {
    expect(batchesOf(10, 3).map(rows => [...rows])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ]);
    expect(batchesOf(5000, 100).length).toBe(10);
    expect(batchesOf(10, 10).length).toBe(1);
    expect(batchesOf(10, 11)).toEqual([]);
  });
});
