import { beforeAll, describe, expect, it } from "vitest";
import { METHODS } from "../../../lib/evaluation/methods/all.js";
import { htmlReport } from "../../../lib/evaluation/report/html.js";
import { loadPlotting } from "../../../lib/evaluation/report/plotting.js";
import { htmlTable } from "../../../lib/evaluation/report/table.js";
import { escapeHtml } from "../../../lib/evaluation/report/words.js";
import type { EvaluationResults } from "../../../lib/evaluation/results.js";
import { evaluate } from "../../../lib/evaluation/run.js";
import { History } from "../../../lib/history/history.js";
import { ModelPool } from "../../../lib/pool/pool.js";
import { simulateWorkload } from "../../../lib/simulation/workload.js";

describe("htmlReport", () => {
  let results: EvaluationResults;
  let page: string;
  beforeAll(async () => {
    const { pool, history, description } = simulateWorkload({ records: 260, queries: 0, seed: 2 });
    const set = {
      name: "a <set> & more",
      description,
      pool,
      history: await History.read([...history], pool),
    };
    results = await evaluate([set], {
      seeds: [1],
      trainShare: 0.7,
      capacities: [1, 0.4],
      floors: [0.8, 0.95],
      batches: [70, "all"],
    });
    page = htmlReport(results, await loadPlotting());
  }, 60_000);

  it("has every section, every method, and figures with values in them", () => {
    for (const heading of [
      "Cost and quality: no limit of capacity",
      "Cost and quality: each model takes at most 40 % of a batch",
      "Floors: no limit of capacity",
      "Floors: each model takes at most 40 % of a batch",
      "Predictions of quality",
      "Methods",
      "Terms",
    ])
      expect(page.includes(`>${heading}</h`), heading).toBe(true);
    for (const { label, about } of METHODS) {
      expect(page.includes(escapeHtml(label)), label).toBe(true);
      expect(page.includes(escapeHtml(about)), label).toBe(true);
    }
    // Two curve figures, the mix and two of floors for each capacity; reliability by method and by model.
    expect(page.match(/<figure>/g)).toHaveLength(2 * 5 + 2);
    expect(page.match(/<svg /g)).toHaveLength(2 * 5 + 2);
    expect(page.match(/<path /g)!.length).toBeGreaterThan(50);
    expect(page.match(/NaN|undefined|Infinity/)).toBeNull();
  });

  it("says that it is simulated, and shows names as text", () => {
    expect(page.includes('class="simulated">Simulated workload')).toBe(true);
    expect(page.includes("a &#60;set&#62; &#38; more")).toBe(true);
    // In the values of attributes it is only text.
    expect(page.replace(/"[^"]*"/g, "").includes("<set>")).toBe(false);
  });

  it("shows names of models from anybody's files as text, and nothing of control in them", async () => {
    const { pool, history } = simulateWorkload({ records: 120, queries: 0, seed: 2 });
    const evil = (name: string) => `<img src=x onerror=alert(1)>"'&\u001b[2J\u202e${name}`;
    const own = ModelPool.from(pool.models.map(model => ({ ...model, name: evil(model.name) })));
    const records = history.map(({ outcomes, ...record }) => ({
      ...record,
      outcomes: Object.fromEntries(Object.entries(outcomes).map(([name, outcome]) => [evil(name), outcome])),
    }));
    const set = {
      name: evil("set"),
      description: evil("from"),
      pool: own,
      history: await History.read(records, own),
    };
    const methods = METHODS.filter(({ id }) => ["omnirouter", "best-single", "oracle"].includes(id));
    const conditions = { capacities: [1], floors: [0.8], batches: ["all" as const], methods };
    const page = htmlReport(
      await evaluate([set], { seeds: [1], trainShare: 0.7, ...conditions }),
      await loadPlotting(),
    );
    // In the values of attributes it is only text.
    expect(page.replace(/"[^"]*"/g, "").includes("<img")).toBe(false);
    expect(page.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(page.includes("\\u001b[2J\\u202esim-tiny-1")).toBe(true);
  });

  it("fetches nothing and runs nothing", () => {
    const found = (pattern: RegExp, text = page) => text.match(pattern)?.[0];
    expect(found(/<(script|link|img|iframe|object|embed)\b/)).toBeUndefined();
    expect(found(/\b(src|href)="(?!#)/)).toBeUndefined();
    expect(found(/url\((?!#)|@import/)).toBeUndefined();
    // Names of SVG, not places.
    expect(found(/https?:.*/, page.replace(/xmlns(:xlink)?="[^"]*"/g, ""))).toBeUndefined();
  });
});

describe("loadPlotting", () => {
  it("says what to install where it is missing", async () => {
    const importer = (name: string) => Promise.reject(new Error(`Cannot find package '${name}'`));
    await expect(loadPlotting(importer)).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
      message: expect.stringContaining("npm install @observablehq/plot linkedom"),
    });
  });
});

describe("htmlTable", () => {
  it("marks the best of a column, and our rows", () => {
    const rows = [
      { name: "a", value: 2 },
      { name: "b", value: 1 },
    ];
    const table = htmlTable(
      rows,
      [
        { head: "name", cell: ({ name }) => name },
        {
          head: "value",
          cell: ({ value }) => String(value),
          best: { of: ({ value }) => value, is: "lowest" },
        },
      ],
      ({ name }) => name === "a",
    );
    expect(table).toContain('<tr class="ours"><th scope="row">a</th><td>2</td></tr>');
    expect(table).toContain('<th scope="row">b</th><td><b>1</b></td>');
  });
});
