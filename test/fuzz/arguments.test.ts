// Whatever a caller without types may pass, to everything that is public: an error of ours, or something that works.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as omnirouter from "../../lib/index.js";

const junk: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "x",
  true,
  [],
  {},
  () => {},
  Symbol("s"),
  1n,
  new Map(),
  new Uint8Array(3),
  new Float32Array(4),
  [null],
  [1],
  ["x"],
  { x: 1 },
  { models: 3 },
  { signal: 3 },
  { onProgress: 3 },
  { seed: -1 },
  { length: 5 },
  Object.create(null),
];

const pool = omnirouter.ModelPool.from([
  { name: "a", inputPer1M: 1, outputPer1M: 1 },
  { name: "b", inputPer1M: 2, outputPer1M: 2 },
]);
const records = Array.from({ length: 60 }, (_, i) => ({
  id: `h${i}`,
  query: `what is ${i} plus ${i % 7}`,
  outcomes: { a: { quality: i % 2, outputTokens: 5 }, b: { quality: 1, outputTokens: 5 } },
}));
const oneModel = { models: ["a"], objective: { minimize: "cost" as const } };

let folder: string;
let router: omnirouter.Router;
let history: omnirouter.History;
let embedder: omnirouter.TextEmbedder;
let prices: omnirouter.Prices;
const index = new omnirouter.VectorIndex(4);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-arguments-"));
  history = await omnirouter.History.read(records, pool);
  router = await omnirouter.Router.fit(history, pool);
  await router.save(join(folder, "router"));
  embedder = await omnirouter.TextEmbedder.fit(["a b c", "d e f"]);
  prices = (await router.route(["x"], {})).prices;
  index.add(new Float32Array(8));
});
afterAll(() => rm(folder, { recursive: true }));

// biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
type Call = (given: any) => unknown;

const drain = async (items: AsyncIterable<unknown>) => {
  for await (const _ of items);
};
const model = { model: "m", dimension: 3 };
const loaded = (module: unknown) => ({ model: "m", importTransformers: async () => module as never });

const calls: Readonly<Record<string, Call>> = {
  "assign(problem)": x => omnirouter.assign(x),
  "assign(, options)": x => omnirouter.assign({ ...oneModel, quantities: { cost: new Float32Array(1) } }, x),
  "assignAsync(problem)": x => omnirouter.assignAsync(x),
  "frontier(problem)": x => omnirouter.frontier(x, { mean: "quality", atLeast: [0] }),
  "frontier(, sweep)": x =>
    omnirouter.frontier({ ...oneModel, quantities: { cost: new Float32Array(1) } }, x),
  "new Workspace(options)": x => new omnirouter.Workspace(x),
  "new Prices(objective)": x => new omnirouter.Prices(x, []),
  "new Prices(, limits)": x => new omnirouter.Prices({ cost: 1 }, x),
  "prices.choose(problem)": x => prices.choose(x),
  "ModelPool.from": x => omnirouter.ModelPool.from(x),
  "ModelPool.parse(text)": x => omnirouter.ModelPool.parse(x),
  "ModelPool.parse(, options)": x => omnirouter.ModelPool.parse("[]", x),
  "ModelPool.load": x => omnirouter.ModelPool.load(x),
  "History.read(source)": x => omnirouter.History.read(x, pool),
  "History.read(, pool)": x => omnirouter.History.read(records, x),
  "History.read(, , options)": x => omnirouter.History.read(records, pool, x),
  "History.fromBytes": x => omnirouter.History.fromBytes(x),
  "history.select": x => history.select(x),
  "readRecords(source)": x => drain(omnirouter.readRecords(x)),
  "readRecords(, options)": x => drain(omnirouter.readRecords(records, x)),
  "readRecords(, { onBadRecord })": x => drain(omnirouter.readRecords(records, { onBadRecord: x })),
  "Router.fit(history)": x => omnirouter.Router.fit(x, pool),
  "Router.fit(, pool)": x => omnirouter.Router.fit(records, x),
  ...Object.fromEntries(
    ["embedder", "neighbours", "seed", "format", "onBadRecord", "signal", "onProgress"].map(option => [
      `Router.fit(, , { ${option} })`,
      (x => omnirouter.Router.fit(history, pool, { [option]: x })) satisfies Call,
    ]),
  ),
  "Router.load(folder)": x => omnirouter.Router.load(x),
  "Router.load(, options)": x => omnirouter.Router.load(join(folder, "router"), x),
  "Router.load(, { embedder })": x => omnirouter.Router.load(join(folder, "router"), { embedder: x }),
  "router.route(queries)": x => router.route(x, {}),
  "router.route([query])": x => router.route([x], {}),
  ...Object.fromEntries(
    ["id", "query", "inputTokens", "allowed", "group", "metadata"].map(key => [
      `router.route([{ ${key} }])`,
      (x => router.route([{ query: "a", [key]: x }], {})) satisfies Call,
    ]),
  ),
  "router.route(, limits)": x => router.route(["a"], x),
  ...Object.fromEntries(
    ["minQuality", "confidence", "budget", "capacity", "maximize", "tenants", "limits"].map(key => [
      `router.route(, { ${key} })`,
      (x => router.route(["a"], { [key]: x })) satisfies Call,
    ]),
  ),
  "router.route(, { limits: [limit] })": x => router.route(["a"], { limits: [x] }),
  "router.route(, { tenants: { t } })": x => router.route(["a"], { tenants: { t: x } }),
  "router.route(, , options)": x => router.route(["a"], {}, x),
  "router.routeSync(queries)": x => router.routeSync(x, {}),
  "router.routeSync(, limits)": x => router.routeSync(["a"], x),
  "router.routeSync(, , options)": x => router.routeSync(["a"], {}, x),
  "router.predict(queries)": x => router.predict(x),
  "router.predict(, options)": x => router.predict(["a"], x),
  "router.routeByPrices(query)": x => router.routeByPrices(x, prices),
  "router.routeByPrices(, prices)": x => router.routeByPrices("a", x),
  "router.learn(records)": x => router.learn(x),
  "router.learn(, options)": x => router.learn([], x),
  "router.setPool(pool)": x => router.setPool(x),
  "router.setPool(, options)": x => router.setPool(pool, x),
  "router.addModel(model)": x => router.addModel(x),
  "router.removeModel(name)": x => router.removeModel(x),
  "router.removeModel(, options)": x => router.removeModel("nobody", x),
  "router.refit(options)": x => (x === undefined ? undefined : router.refit({ seed: -1, ...x })),
  "router.refresh(options)": x => router.refresh(x),
  "router.save(folder)": x => (typeof x === "string" && x !== "" ? undefined : router.save(x)),
  "router.save(, options)": x => router.save(join(folder, "other"), x),
  "TextEmbedder.fit(texts)": x => omnirouter.TextEmbedder.fit(x),
  "TextEmbedder.fit(, options)": x => omnirouter.TextEmbedder.fit(["a"], x),
  "TextEmbedder.fromBytes": x => omnirouter.TextEmbedder.fromBytes(x),
  "embedder.embed(texts)": x => embedder.embed(x),
  "embedder.embed(, options)": x => embedder.embed(["a"], x),
  "embedder.embedSync": x => embedder.embedSync(x),
  "new OpenAIEmbedder": x => new omnirouter.OpenAIEmbedder(x),
  "OpenAIEmbedder.connect": x => omnirouter.OpenAIEmbedder.connect(x),
  "new OpenAIEmbedder({ headers })": x => new omnirouter.OpenAIEmbedder({ ...model, headers: x }),
  "new OpenAIEmbedder({ baseURL })": x => new omnirouter.OpenAIEmbedder({ ...model, baseURL: x }),
  "openai.embed(, options)": x => new omnirouter.OpenAIEmbedder(model).embed([], x),
  "TransformersEmbedder.load": x => omnirouter.TransformersEmbedder.load(x),
  "TransformersEmbedder.load of a module": x => omnirouter.TransformersEmbedder.load(loaded(x)),
  "TransformersEmbedder.load of a model": x =>
    omnirouter.TransformersEmbedder.load(loaded({ pipeline: async () => x })),
  "TransformersEmbedder.load of a tensor": x =>
    omnirouter.TransformersEmbedder.load(loaded({ pipeline: async () => async () => x })),
  "new VectorIndex(dimension)": x => new omnirouter.VectorIndex(x),
  "new VectorIndex(, options)": x => new omnirouter.VectorIndex(4, x),
  "VectorIndex.fromBytes": x => omnirouter.VectorIndex.fromBytes(x),
  "VectorIndex.load": x => omnirouter.VectorIndex.load(x),
  "index.add(vectors)": x => (x instanceof Float32Array ? undefined : index.add(x)),
  "index.add(, ids)": x => (x === undefined ? undefined : index.add(new Float32Array(4), x)),
  "index.addAsync(, , options)": x => index.addAsync(new Float32Array(4), undefined, x),
  "index.search(queries)": x => index.search(x, 1),
  "index.search(, k)": x => index.search(new Float32Array(4), x),
  "index.searchAsync(, , options)": x => index.searchAsync(new Float32Array(4), 1, x),
  "index.vectors": x => index.vectors(x),
  "index.settled": x => index.settled(x),
  "index.toBytesAsync": x => index.toBytesAsync(x),
  "FaissNodeIndex.create(dimension)": x => omnirouter.FaissNodeIndex.create(x),
  "FaissNodeIndex.create(, options)": x => omnirouter.FaissNodeIndex.create(4, x, async () => ({})),
  simulateWorkload: x => omnirouter.simulateWorkload(x),
  "simulateWorkload({ records })": x => omnirouter.simulateWorkload({ records: x, queries: 1 }),
  "InputTokenEstimator.fit(texts)": x => omnirouter.InputTokenEstimator.fit(x, new Float32Array(0)),
  "InputTokenEstimator.fit(, tokens)": x => omnirouter.InputTokenEstimator.fit([], x),
  "InputTokenEstimator.fromJSON": x => omnirouter.InputTokenEstimator.fromJSON(x),
  "new NeighbourPredictor(history)": x => new omnirouter.NeighbourPredictor(x, pool, index),
  "new NeighbourPredictor(, pool)": x => new omnirouter.NeighbourPredictor(history, x, index),
  "new NeighbourPredictor(, , , options)": x => new omnirouter.NeighbourPredictor(history, pool, index, x),
  "HybridPredictor.fit(neighbours)": x => omnirouter.HybridPredictor.fit(x, {} as never, pool),
  "TrainedHalf.fromBytes": x => omnirouter.TrainedHalf.fromBytes(x, pool, 4),
};

describe("whatever is passed to", () => {
  it.each(Object.entries(calls))("%s, an error is one of ours", async (_, call) => {
    for (const given of junk) {
      let problem: unknown;
      try {
        await call(given);
      } catch (error) {
        problem = error;
      }
      if (problem !== undefined) expect(problem).toBeInstanceOf(omnirouter.OmniRouterError);
    }
  });

  it("options, a misspelt one is refused by its name", async () => {
    const misspelt = { onProgres: () => {} };
    for (const call of [
      () => omnirouter.Router.fit(records, pool, misspelt as object),
      () => omnirouter.History.read(records, pool, misspelt as object),
      () => router.learn([], misspelt as object),
      () => router.refit(misspelt as object),
      () => omnirouter.TextEmbedder.fit(["a"], misspelt as object),
      () => omnirouter.OpenAIEmbedder.connect({ ...model, ...misspelt }),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "ERR_OMNI_INVALID_ARGUMENT",
        argument: "options.onProgres",
      });
  });
});
