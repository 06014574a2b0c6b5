import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import * as ours from "../lib/index.js";

// Another copy of the package, as a second version of it in node_modules or a bundle beside it is.
vi.resetModules();
const theirs = await import("../lib/index.js");

const records = Array.from({ length: 40 }, (_, i) => ({
  id: `h${i}`,
  query: `question ${i} about ${i % 7}`,
  outcomes: { small: { quality: i % 2, outputTokens: 5 }, large: { quality: 1, outputTokens: 9 } },
}));
const models = [
  { name: "small", inputPer1M: 1, outputPer1M: 2 },
  { name: "large", inputPer1M: 3, outputPer1M: 4 },
];
const problem = {
  models: ["small", "large"],
  quantities: { quality: Float32Array.of(0.1, 0.9, 0.4, 0.6), cost: Float32Array.of(1, 5, 1, 2) },
  objective: { minimize: "cost" },
  limits: [{ mean: "quality", atLeast: 0.5 }],
} as const;

it("is another copy", () => {
  expect(theirs.Router).not.toBe(ours.Router);
  expect(theirs.OmniRouterError).not.toBe(ours.OmniRouterError);
});

it("knows the other copy's errors", () => {
  const error = new theirs.OmniRouterError("ERR_OMNI_IO", "disk full");
  expect(error instanceof ours.OmniRouterError).toBe(true);
  for (const other of [new Error("disk full"), {}, null, "ERR_OMNI_IO"])
    expect(other instanceof ours.OmniRouterError).toBe(false);
  class Ours extends ours.OmniRouterError {}
  expect(error instanceof Ours).toBe(false);
  expect(new Ours("ERR_OMNI_IO", "disk full")).toBeInstanceOf(Ours);
  expect(new Ours("ERR_OMNI_IO", "disk full") instanceof theirs.OmniRouterError).toBe(true);
});

it("fits on the other copy's pool, history and embedder, and saves all of it", async () => {
  const pool = theirs.ModelPool.from({ models });
  const history = await theirs.History.read(records, ours.ModelPool.from({ models }));
  const embedder = await theirs.TextEmbedder.fit(records.map(({ query }) => query));
  const router = await ours.Router.fit(history, pool, { embedder });
  const same = await ours.TextEmbedder.fit(records.map(({ query }) => query));
  const own = await ours.Router.fit(records, { models }, { embedder: same });
  const queries = ["question 3 about 3"];
  expect((await router.predict(queries)).quality).toEqual((await own.predict(queries)).quality);
  expect(router.pool).toBeInstanceOf(ours.ModelPool);
  expect(router.report).toEqual(own.report);
  await router.setPool(theirs.ModelPool.from({ models: [models[1]] }));
  expect(router.pool.names).toEqual(["large"]);
  await router.refit(); // which fits the built-in embedder anew, and no other
  expect(router.embedder).toBe(own.embedder);
});

it("takes the other copy's prices", () => {
  const { prices } = theirs.assign(problem);
  const plan = ours.assign(problem, { warmStart: prices });
  expect(plan.feasible).toBe(true);
  const workspace = new ours.Workspace({
    models: problem.models,
    quantities: ["quality", "cost"],
    rows: 2,
  });
  workspace.quantities.quality.set(problem.quantities.quality);
  workspace.quantities.cost.set(problem.quantities.cost);
  expect([...workspace.choose(prices, 2)]).toEqual([...prices.choose(problemOnly)]);
  expect(() => workspace.choose({} as ours.Prices, 2)).toThrow(/prices must be the Prices of a plan/);
});

it("takes the other copy's neighbours and estimate of tokens", async () => {
  const pool = ours.ModelPool.from({ models });
  const history = await ours.History.read(records, pool);
  const embedder = await ours.TextEmbedder.fit(history.queries);
  const embeddings = embedder.embedSync(history.queries);
  const index = new ours.VectorIndex(embedder.dimension);
  index.add(embeddings);
  const tokens = theirs.InputTokenEstimator.fit(history.queries, history.inputTokens);
  const inputTokens = tokens.complete(history.queries, history.inputTokens);
  const { quality, outputTokens } = history;
  const parts = { texts: history.queries, embeddings, inputTokens, quality, outputTokens };
  const foreign = new theirs.NeighbourPredictor(history, pool, index, { tokens });
  const own = new ours.NeighbourPredictor(history, pool, index, { tokens });
  const batch = {
    texts: ["question 3 about 3"],
    embeddings: embedder.embedSync(["question 3 about 3"]),
    inputTokens: Float32Array.of(5),
  };
  const expected = await (await ours.HybridPredictor.fit(own, parts, pool)).predict(batch);
  expect(await (await ours.HybridPredictor.fit(foreign, parts, pool)).predict(batch)).toEqual(expected);
  await expect(ours.HybridPredictor.fit({} as ours.NeighbourPredictor, parts, pool)).rejects.toThrow(
    "neighbours must be a NeighbourPredictor, got {}",
  );
  expect(
    () => new ours.NeighbourPredictor(history, pool, index, { tokens: {} as ours.InputTokenEstimator }),
  ).toThrow("tokens must be an InputTokenEstimator, got {}");
});

it("loads with the other copy's embedder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "omnirouter copies "));
  try {
    const router = await ours.Router.fit(records, { models });
    await router.save(folder);
    const embedder = await theirs.TextEmbedder.fit(records.map(({ query }) => query));
    const loaded = await ours.Router.load(folder, { embedder });
    const queries = ["question 3 about 3"];
    expect((await loaded.predict(queries)).quality).toEqual((await router.predict(queries)).quality);
    await loaded.save(folder); // with its embedder, which is the built-in one
    expect((await ours.Router.load(folder)).embedder).toBe(router.embedder);
  } finally {
    await rm(folder, { recursive: true });
  }
});

const { models: names, quantities } = problem;
const problemOnly = { models: names, quantities };
