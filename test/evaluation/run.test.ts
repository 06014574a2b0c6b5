import { describe, expect, it } from "vitest";
import { METHODS } from "../../lib/evaluation/methods/all.js";
import { ours } from "../../lib/evaluation/methods/ours.js";
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
