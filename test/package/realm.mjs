// What must hold in a realm that is not Node's own. The same file is a test of Jest and of Vitest: both have its globals.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import {
  assignAsync,
  History,
  ModelPool,
  OmniRouterError,
  Router,
  TextEmbedder,
  VectorIndex,
  Workspace,
} from "@omnirouter/core";

/** @type {Pick<typeof import("vitest"), "expect" | "test">} */
const { expect, test } = /** @type {any} */ (globalThis);

const records = Array.from({ length: 40 }, (_, i) => ({
  id: `h${i}`,
  query: `question ${i} about ${i % 7}`,
  outcomes: { small: { quality: i % 2, outputTokens: 5 }, large: { quality: 1, outputTokens: 9 } },
}));
const pool = {
  models: [
    { name: "small", inputPer1M: 1, outputPer1M: 2 },
    { name: "large", inputPer1M: 3, outputPer1M: 4 },
  ],
};
/** @param {() => unknown} work */
const caught = async work => {
  try {
    await work();
  } catch (error) {
    return error;
  }
};

test("this is another realm than Node's own, in which the addon is", () => {
  const own = vm.runInThisContext("Float32Array");
  expect(own.name).toBe("Float32Array");
  expect(own).not.toBe(Float32Array);
});

test("a router is fitted, routes, and is itself after a save and a load", async () => {
  const router = await Router.fit(records, pool);
  const plan = await router.route(["question 3 about 3"], { minQuality: 0.5 });
  expect(plan.feasible).toBe(true);
  const predictions = await router.predict(["question 4 about 4"]);
  expect(predictions.quality).toBeInstanceOf(Float32Array);
  expect(router.routeByPrices("question 3 about 3", plan.prices).model).toMatch(/small|large/);
  expect(router.outOfFold?.quality).toBeInstanceOf(Float32Array);
  const folder = await mkdtemp(join(tmpdir(), "omnirouter realm "));
  try {
    await router.save(pathToFileURL(folder));
    const loaded = await Router.load(folder);
    expect([...(await loaded.predict(["question 4 about 4"])).quality]).toEqual([...predictions.quality]);
    await loaded.learn([
      { id: "n", query: "something new", outcomes: { small: { quality: 1, outputTokens: 5 } } },
    ]);
    expect(loaded.report.records).toBe(41);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("arrays that the addon makes are of this realm", async () => {
  const embedder = await TextEmbedder.fit(records.map(({ query }) => query));
  const vectors = await embedder.embed(["question 1"]);
  expect(vectors).toBeInstanceOf(Float32Array);
  expect(embedder.embedSync(["question 1"])).toBeInstanceOf(Float32Array);
  expect(TextEmbedder.fromBytes(embedder.toBytes()).fingerprint).toBe(embedder.fingerprint);
  const index = new VectorIndex(embedder.dimension);
  await index.addAsync(vectors, Int32Array.of(7));
  const { ids, similarities } = await index.searchAsync(vectors, 1);
  expect(ids).toBeInstanceOf(Int32Array);
  expect(similarities).toBeInstanceOf(Float32Array);
  expect([...ids]).toEqual([7]);
  expect(VectorIndex.fromBytes(index.toBytes()).size).toBe(1);
  const history = await History.read(records, ModelPool.from(pool));
  expect(History.fromBytes(history.toBytes()).size).toBe(40);
});

test("what the addon throws is an error of this package", async () => {
  const workspace = new Workspace({ models: ["a"], quantities: ["cost"], rows: 1 });
  workspace.quantities.cost[0] = Number.NaN;
  const problem = { rows: 1, objective: { minimize: "cost" } };
  for (const error of [
    await caught(() => workspace.assign(problem)),
    await caught(() => workspace.assignAsync(problem)),
  ]) {
    expect(error).toBeInstanceOf(OmniRouterError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "quantities.cost" });
  }
});

test("an abort rejects with the signal's reason, before the work and under way", async () => {
  const models = Array.from({ length: 16 }, (_, j) => `m${j}`);
  const rows = 200_000;
  const quantities = {
    quality: new Float32Array(rows * 16).map((_, i) => ((i * 7919) % 1009) / 1009),
    cost: new Float32Array(rows * 16).map((_, i) => ((i * 104_729) % 1013) / 1013),
  };
  const limits = [
    { mean: "quality", atLeast: 0.8 },
    ...models.slice(1).map(model => ({ sum: "requests", atMost: Math.floor(rows / 14), model })),
  ];
  const problem = { models, quantities, objective: { minimize: "cost" }, limits };
  const reason = new Error("my reason");
  expect(await caught(() => assignAsync(problem, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  const controller = new AbortController();
  const work = caught(() => assignAsync(problem, { signal: controller.signal }));
  controller.abort(reason);
  expect(await work).toBe(reason);
});
