import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { History } from "../../lib/history/history.js";
import { readRecords } from "../../lib/history/read.js";
import { seededRandom } from "../../lib/random.js";
import { TOPICS } from "../../lib/simulation/vocabulary.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";

describe("the simulated workload", () => {
  const workload = simulateWorkload();

  it("says that it is simulated, in its description, its models' names and its prices' source", () => {
    expect(workload.description).toMatch(/^Simulated workload/);
    for (const { name, priceSource } of workload.pool.models)
      expect([name.slice(0, 4), priceSource]).toEqual(["sim-", "simulated"]);
  });

  it("depends on the seed and on nothing else", () => {
    expect(simulateWorkload({ seed: 1 }).history).toEqual(workload.history);
    expect(simulateWorkload({ seed: 2 }).history).not.toEqual(workload.history);
    expect(simulateWorkload({ records: 5, queries: 2 })).toMatchObject({
      history: workload.history.slice(0, 5),
      queries: [{ id: "sim-query-1" }, { id: "sim-query-2" }],
    });
  });

  it("has the shape of a file's records", async () => {
    const lines = Readable.from([workload.history.map(record => JSON.stringify(record)).join("\n")]);
    const back = [];
    for await (const record of readRecords(lines)) back.push(record);
    expect(back).toEqual(workload.history);
    const { report } = await History.read(workload.history, workload.pool);
    expect(report).toMatchObject({ records: 3000, ungraded: [], unknownModels: [] });
  });

  it("charges what its prices say", () => {
    for (const { inputTokens, outcomes } of workload.queries)
      for (const { name, inputPer1M, outputPer1M } of workload.pool.models) {
        const { cost, outputTokens } = outcomes[name]!;
        expect(cost).toBeCloseTo((inputTokens! * inputPer1M + outputTokens! * outputPer1M) / 1e6, 12);
      }
  });

  it("leaves room to route: the dear models are better, and the cheap ones often good enough", async () => {
    const history = await History.read(workload.history, workload.pool);
    const width = workload.pool.size;
    const means = workload.pool.names.map((_, column) => {
      let sum = 0;
      for (let row = 0; row < history.size; row++) sum += history.quality[row * width + column]!;
      return sum / history.size;
    });
    expect(means.at(-1)! - means[0]!).toBeGreaterThan(0.3);
    expect(means[0]!).toBeGreaterThan(0.25);
    expect(Math.max(...means)).toBeLessThan(0.95);
  });

  it("shows a query's difficulty in its words", () => {
    const hard = new Set(TOPICS.flatMap(topic => topic.hard));
    const hardShare = (query: string) => {
      const words = query.split(" ");
      return words.filter(word => hard.has(word)).length / words.length;
    };
    const meanQuality = (wanted: (share: number) => boolean) => {
      const grades = workload.history
        .filter(({ query }) => wanted(hardShare(query)))
        .map(({ outcomes }) => outcomes["sim-small-1"]!.quality!);
      return grades.reduce((sum, grade) => sum + grade, 0) / grades.length;
    };
    expect(meanQuality(share => share < 0.1) - meanQuality(share => share > 0.4)).toBeGreaterThan(0.5);
  });

  it.each([{ records: -1 }, { queries: 1.5 }, { seed: Number.NaN }])("refuses %j", options => {
    expect(() => simulateWorkload(options)).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: Object.keys(options)[0] }),
    );
  });
});

it("the generator is mulberry32, and its normal numbers are normal", () => {
  const random = seededRandom(1);
  // From the published C of mulberry32, seed 1: 2693262067, 11749833, 2265367787.
  expect([1, 2, 3].map(() => random.uniform() * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787]);
  const numbers = Array.from({ length: 20_000 }, () => random.normal());
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});
