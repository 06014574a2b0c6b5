import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import {
  assign,
  assignAsync,
  type Limit,
  Workspace,
  type WorkspaceOptions,
  type WorkspaceProblem,
} from "../../lib/index.js";
import { workload } from "./instances.js";

const MODELS = 6;
const limits: Limit[] = [
  { mean: "quality", atLeast: 0.6 },
  { sum: "requests", atMost: 40, model: "m0" },
];
const demand = (rows: number): WorkspaceProblem => ({ rows, objective: { minimize: "cost" }, limits });

function filled(rows: number, seed: number, most = 200) {
  const { models, quantities } = workload(rows, MODELS, seed);
  const workspace = new Workspace({ models, quantities: ["cost", "quality"], rows: most });
  workspace.quantities.cost.set(quantities.cost);
  workspace.quantities.quality.set(quantities.quality);
  const problem = { models, quantities, objective: { minimize: "cost" } as const, limits };
  return { workspace, problem };
}

describe("a workspace", () => {
  it.each([1, 17, 64, 65, 200])("gives the plan that assign gives: %i queries", async rows => {
    const { workspace, problem } = filled(rows, rows);
    const expected = assign(problem);
    for (const plan of [workspace.assign(demand(rows)), await workspace.assignAsync(demand(rows))]) {
      expect(plan.size).toBe(rows);
      expect([...plan.choice]).toEqual([...expected.choice]);
      expect(plan.certificate).toEqual(expected.certificate);
      expect(plan.totals).toEqual(expected.totals);
      expect(plan.requests).toEqual(expected.requests);
      expect(plan.prices).toEqual(expected.prices);
      expect(plan.at(rows - 1)).toEqual(expected.at(rows - 1));
      expect(plan.column("quality")).toEqual(expected.column("quality"));
      expect(plan.byModel("cost")).toEqual(expected.byModel("cost"));
    }
    const choice = workspace.choose(expected.prices, rows);
    expect([...choice]).toEqual([...expected.prices.choose(problem)]);
  });

  it("keeps masks and groups, and leaves alone what lies beyond the batch", () => {
    const { models, quantities } = workload(30, MODELS, 2);
    const workspace = new Workspace({
      models,
      quantities: ["quality", "cost"],
      rows: 50,
      allowed: true,
      groups: true,
    });
    workspace.quantities.cost.fill(Number.NaN).set(quantities.cost);
    workspace.quantities.quality.set(quantities.quality);
    workspace.allowed!.fill(0b110101n, 0, 30).fill(0n, 30);
    workspace.groups!.fill(1, 10, 30).fill(60_000, 30);
    workspace.choice.fill(99);
    const limits = [
      { mean: "quality", atLeast: 0.5, group: "a" },
      { mean: "quality", atLeast: 0.7, group: "b" },
    ];
    const groupNames = ["a", "b"];
    const plan = workspace.assign({ rows: 30, objective: { minimize: "cost" }, limits, groupNames });
    const expected = assign({
      models,
      quantities: { quality: quantities.quality, cost: quantities.cost },
      objective: { minimize: "cost" },
      limits,
      groupNames,
      allowed: workspace.allowed!.slice(0, 30),
      groups: workspace.groups!.slice(0, 30),
    });
    expect([...plan.choice]).toEqual([...expected.choice]);
    expect(plan.certificate).toEqual(expected.certificate);
    expect([...workspace.choice.subarray(30)]).toEqual(Array(20).fill(99));
    expect([...workspace.choose(plan.prices, 30, groupNames)]).toHaveLength(30);
  });

  it("gives plans whose sums outlive the next batch, and whose choice does not", () => {
    const { workspace } = filled(40, 3);
    const first = workspace.assign(demand(40));
    const { choice } = first;
    const before = choice.slice();
    const next = workload(40, MODELS, 4);
    workspace.quantities.cost.set(next.quantities.cost);
    workspace.quantities.quality.set(next.quantities.quality);
    const second = workspace.assign({ rows: 40, objective: { maximize: "quality" } });
    expect(first.choice).toBe(choice);
    expect(first.choice.buffer).toBe(workspace.choice.buffer);
    expect([...first.choice]).toEqual([...second.choice]);
    const again = filled(40, 3).workspace.assign(demand(40));
    expect(first.certificate).toEqual(again.certificate); // read for the first time only now
    expect(first.totals).toEqual(again.totals);
    expect([...before]).toEqual([...again.choice]);
  });

  it("takes one batch at a time", async () => {
    const { workspace } = filled(200, 5);
    const pending = workspace.assignAsync(demand(200));
    const busy = expect.objectContaining({ code: "ERR_OMNI_BUSY" });
    await expect(workspace.assignAsync(demand(200))).rejects.toEqual(busy);
    expect(() => workspace.assign(demand(200))).toThrow(busy);
    const plan = await pending;
    expect(() => workspace.choose(plan.prices, 200)).not.toThrow();
    await expect(workspace.assignAsync(demand(201))).rejects.toMatchObject({ argument: "rows" });
    const stop = AbortSignal.abort(new Error("no"));
    await expect(workspace.assignAsync(demand(200), { signal: stop })).rejects.toThrow("no");
    expect((await workspace.assignAsync(demand(200))).certificate).toEqual(plan.certificate);
  });

  const made = { models: ["a", "b"], quantities: ["cost"], rows: 4 };
  it.each<[string, unknown]>([
    ["options", undefined],
    ["options.row", { ...made, row: 3 }],
    ["models", { ...made, models: [] }],
    ["models", { ...made, models: ["a", "a"] }],
    ["quantities", { ...made, quantities: [] }],
    ["quantities", { ...made, quantities: ["cost", "cost"] }],
    ["quantities", { ...made, quantities: { cost: new Float32Array(8) } }],
    ["quantities.requests", { ...made, quantities: ["requests"] }],
    ["rows", { ...made, rows: 1.5 }],
    ["rows", { ...made, rows: -1 }],
    ["rows", { ...made, rows: 2 ** 32 }],
    ["allowed", { ...made, allowed: 1 }],
  ])("is not made of bad %s", (argument, options) => {
    expect(() => new Workspace(options as WorkspaceOptions<string>)).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }),
    );
  });

  it("says so when there is not so much memory", () => {
    const models = Array.from({ length: 64 }, (_, j) => `m${j}`);
    const quantities = Array.from({ length: 8 }, (_, k) => `q${k}`);
    const make = () => new Workspace({ models, quantities, rows: 2 ** 32 - 1 }); // 8.8 TB
    expect(make).toThrow(expect.objectContaining({ code: "ERR_OMNI_OUT_OF_MEMORY" }));
  });

  it.each<[string, unknown, unknown]>([
    ["problem", undefined, {}],
    ["problem.models", { ...demand(4), models: ["a"] }, {}],
    ["rows", { objective: { minimize: "cost" } }, {}],
    ["rows", demand(201), {}],
    ["options.out", demand(4), { out: new Uint8Array(4) }],
    ["limits[0].model", { ...demand(4), limits: [{ sum: "cost", atMost: 1, model: "z" }] }, {}],
  ])("refuses a bad %s", (argument, problem, options) => {
    const { workspace } = filled(4, 1);
    expect(() => workspace.assign(problem as WorkspaceProblem, options as object)).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }),
    );
  });

  it("names the matrix of a bad value", () => {
    const { workspace } = filled(4, 1);
    workspace.quantities.quality[5] = 2;
    expect(() => workspace.assign(demand(4))).toThrow(/^quantities\.quality has 2\.0* for query 0, model 5;/);
  });
});

describe("the steady state", () => {
  const collect = exposedGc();

  it("of a workspace takes no memory outside the heap, and keeps none in it", () => {
    const { workspace } = filled(64, 6, 256);
    const { prices } = workspace.assign(demand(64));
    const round = (count: number) => {
      for (let call = 0; call < count; call++) {
        workspace.assign(demand(1 + (call % 2)), { nodeLimit: 0, diagnose: false });
        workspace.choose(prices, 1 + (call % 64));
      }
    };
    round(200);
    collect();
    const before = process.memoryUsage();
    round(10_000);
    // Not collected yet: no array buffer was made at all.
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(10_000);
    collect();
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(10_000);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(2e6);
  });

  it("of assign() and choose() keeps nothing of the batches it has seen", async () => {
    const { problem } = filled(64, 6);
    const { prices } = assign(problem);
    const round = (count: number) => {
      for (let call = 0; call < count; call++) prices.choose({ ...problem, models: [...problem.models] });
      for (let call = 0; call < count / 100; call++) assign({ ...problem, models: [...problem.models] });
    };
    round(200);
    collect();
    const before = process.memoryUsage();
    round(10_000);
    // What is collected is given back by another thread, a little later.
    const grown = (what: "arrayBuffers" | "heapUsed") => {
      collect();
      return process.memoryUsage()[what] - before[what];
    };
    await expect.poll(() => grown("arrayBuffers")).toBeLessThan(10_000);
    await expect.poll(() => grown("heapUsed")).toBeLessThan(4e6);
  });

  it.skipIf(process.platform !== "linux")("of many solves at once is no thread for each", async () => {
    const { problem } = filled(200, 7);
    const usual = binding().threads();
    binding().setThreads(2);
    try {
      const threads = () => readdirSync("/proc/self/task").length;
      const before = threads();
      const pending = Array.from({ length: 32 }, () => assignAsync(problem));
      let most = threads();
      for (const plan of pending) {
        await plan;
        most = Math.max(most, threads());
      }
      expect(most - before).toBeLessThanOrEqual(2 + 4); // libuv's own four may start meanwhile
    } finally {
      binding().setThreads(usual);
    }
  });
});

/** The garbage collector, without a flag on the command line. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
