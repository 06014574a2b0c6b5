import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assign } from "../../lib/assignment/assign.js";
import { realise } from "../../lib/cli/plan-summary.js";
import { splitRecords } from "../../lib/cli/workload.js";
import { readRecords } from "../../lib/history/read.js";
import type { HistoryRecord } from "../../lib/history/record.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { Router } from "../../lib/router/router.js";

const folder = join(process.env.OMNIROUTER_DATA ?? "", "zeroeval");
const present = process.env.OMNIROUTER_DATA !== undefined && existsSync(folder);
if (!present) console.log("zeroeval.test.ts is skipped: OMNIROUTER_DATA names no folder with zeroeval in it");

/** Floors on predicted quality that are tried, as shares of the best single model's quality. */
const FLOORS = Array.from({ length: 41 }, (_, step) => 0.85 + step * 0.005);
const SEEDS = [1, 2, 3, 4, 5];

describe.skipIf(!present)("on zeroeval, 70/30 by query, five seeds", () => {
  it("95 % of the best single model's realised quality costs at most .30 of that model", async () => {
    const pool = await ModelPool.load(join(folder, "models.json"));
    const records: HistoryRecord[] = [];
    for await (const record of readRecords(join(folder, "queries.jsonl.gz"))) records.push(record);
    const ratios: number[] = [];
    for (const seed of SEEDS) ratios.push(await cheapestAt95(records, pool, seed));
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    console.log(
      `zeroeval: cost of the cheapest plan with 95 % of the best single model's realised quality, as a share of that model's: ` +
        `${ratios.map(ratio => ratio.toFixed(3)).join(", ")} by seed; mean ${mean.toFixed(3)}`,
    );
    expect(mean).toBeLessThanOrEqual(0.3);
  }, 300_000);
});

/** Realised cost of the cheapest plan that realises 95 %, over the realised cost of the best single model. */
async function cheapestAt95(
  records: readonly HistoryRecord[],
  pool: ModelPool,
  seed: number,
): Promise<number> {
  const { history, queries } = splitRecords(records, seed);
  const router = await Router.fit(history, pool);
  // Best in hindsight, on the very queries routed: the hardest one to match.
  const singles = pool.names.map(model => realise(queries, () => model));
  const best = singles.reduce((a, b) => (b.quality > a.quality ? b : a));
  // What route() does, with the predictions made once for all floors.
  const { models, quality, cost } = await router.predict(queries);
  let cheapest = Number.POSITIVE_INFINITY;
  for (const share of FLOORS) {
    const plan = assign({
      models,
      quantities: { quality, cost },
      objective: { minimize: "cost" },
      limits: [{ mean: "quality", atLeast: Math.min(1, share * best.quality) }],
    });
    const realised = realise(queries, query => models[plan.choice[query]!]);
    if (plan.feasible && realised.quality >= 0.95 * best.quality)
      cheapest = Math.min(cheapest, realised.cost);
  }
  return cheapest / best.cost;
}
