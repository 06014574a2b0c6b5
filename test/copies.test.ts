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

const { models: names, quantities } = problem;
const problemOnly = { models: names, quantities };
