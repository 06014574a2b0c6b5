import { describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../lib/history/record.js";
import { Router } from "../../lib/router/router.js";
import { workload } from "./workload.js";

const { pool, history, queries } = workload;

/** The simulated history as RouterBench's table, which has costs instead of tokens. */
function routerBench(records: readonly HistoryRecord[]): string {
  const { names } = pool;
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const columns = ["sample_id", "prompt", ...names, ...names.map(name => `${name}|total_cost`)].map(quoted);
  const rows = records.map(({ id, query, outcomes }) => [
    id,
    quoted(`["${query.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"]`),
    ...names.map(name => outcomes[name]?.quality ?? ""),
    ...names.map(name => outcomes[name]?.cost ?? ""),
  ]);
  return [columns, ...rows].map(cells => cells.join()).join("\n");
}

const withoutTokens = history.map(({ id, query, outcomes }) => ({
  id,
  query,
  outcomes: Object.fromEntries(
    Object.entries(outcomes).map(([model, { quality, cost }]) => [model, { quality, cost }]),
  ),
}));

async function* text(content: string) {
  yield content;
}

describe("a router", () => {
  it("learns the same from RouterBench's table as from our own records, without tokens", async () => {
    const [own, theirs] = [
      await Router.fit(withoutTokens, pool),
      await Router.fit(text(routerBench(history)), pool, { format: "routerbench" }),
    ];
    expect(theirs.report).toEqual(own.report);
    const limits = { minQuality: 0.8 };
    const [expected, plan] = [await own.route(queries, limits), await theirs.route(queries, limits)];
    expect(plan.predictions).toEqual(expected.predictions);
    expect(plan.choice).toEqual(expected.choice);
    expect(Math.min(...plan.predictions.cost)).toBeGreaterThan(0);
  });

  it("learns from outcomes that come model by model, and says what it left out", async () => {
    const results = pool.names.map((model_name, column) => ({
      model_name,
      dataset_name: "d",
      split: "test",
      records: [
        ...history.map(({ query, outcomes }, index) => ({
          index,
          prompt: query,
          score: outcomes[model_name]?.quality ?? null,
          prompt_tokens: 10,
          completion_tokens: outcomes[model_name]?.outputTokens ?? 0,
          cost: 0,
        })),
        { index: -1, prompt: "bad", score: column === 0 ? "good" : 7 },
      ],
    }));
    const router = await Router.fit(results, pool, { onBadRecord: "skip" });
    expect(router.report).toMatchObject({
      records: history.length,
      skipped: {
        count: pool.size,
        kinds: [{ kind: "outcomes.*.quality must be between 0 and 1", count: pool.size }],
      },
    });
    await expect(Router.fit(results, pool, { format: "aios" })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_HISTORY",
      message: "input:1: outputs is missing",
    });
  });
});
