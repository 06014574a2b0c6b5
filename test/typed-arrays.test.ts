import vm from "node:vm";
import { describe, expect, it } from "vitest";
import {
  assign,
  assignAsync,
  frontier,
  History,
  InputTokenEstimator,
  ModelPool,
  NeighbourPredictor,
  Router,
  readRecords,
  TextEmbedder,
  TrainedHalf,
  VectorIndex,
} from "../lib/index.js";

const records = Array.from({ length: 40 }, (_, i) => ({
  id: `h${i}`,
  query: `question ${i} about ${i % 7}`,
  outcomes: { small: { quality: i % 2, outputTokens: 5 }, large: { quality: 1, outputTokens: 9 } },
}));
const pool = ModelPool.from({
  models: [
    { name: "small", inputPer1M: 1, outputPer1M: 2 },
    { name: "large", inputPer1M: 3, outputPer1M: 4 },
  ],
});
const history = await History.read(records, pool);
const embedder = await TextEmbedder.fit(history.queries, { dimension: 8 });
const { dimension } = embedder;
const index = new VectorIndex(dimension);
index.add(embedder.embedSync(history.queries));
const predictor = new NeighbourPredictor(history, pool, index);
const problem = {
  models: ["a", "b"],
  quantities: { cost: Float32Array.of(1, 2, 2, 1) },
  objective: { minimize: "cost" },
};

/** The array, its memory given to another. */
function detached<A extends { readonly buffer: ArrayBufferLike }>(array: A): A {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}
const floats = (length: number) => detached(new Float32Array(length));
const ints = (length: number) => detached(new Int32Array(length));
const bytes = (length: number) => detached(new Uint8Array(length));
const fitted = await TrainedHalf.fit(
  predictor,
  {
    texts: history.queries,
    embeddings: embedder.embedSync(history.queries),
    inputTokens: new Float32Array(history.size).fill(9),
    quality: history.quality,
    outputTokens: history.outputTokens,
  },
  pool,
  {},
);

async function* chunks() {
  yield new Uint8Array(Buffer.from("{"));
  yield bytes(8);
}

describe("a typed array whose buffer was transferred is refused by its name", () => {
  const batch = { texts: ["a"], embeddings: new Float32Array(dimension), inputTokens: Float32Array.of(1) };
  const parts = {
    texts: history.queries,
    embeddings: embedder.embedSync(history.queries),
    inputTokens: new Float32Array(history.size).fill(9),
    quality: history.quality,
    outputTokens: history.outputTokens,
  };
  it.each<[argument: string, call: () => unknown]>([
    ["quantities.cost", () => assign({ ...problem, quantities: { cost: floats(4) } })],
    ["quantities.cost", () => assignAsync({ ...problem, quantities: { cost: floats(4) } })],
    ["groups", () => assign({ ...problem, groups: detached(new Uint16Array(2)) })],
    ["allowed", () => assign({ ...problem, allowed: detached(new BigUint64Array(2)) })],
    ["out", () => assign(problem, { out: bytes(2) })],
    [
      "quantities.cost",
      () => frontier({ ...problem, quantities: { cost: floats(4) } }, { sum: "cost", atMost: [1, 2] }),
    ],
    [
      "quantities.cost",
      () => assign(problem).prices.choose({ models: ["a", "b"], quantities: { cost: floats(4) } }),
    ],
    ["vectors", () => index.add(floats(dimension))],
    ["vectors", () => index.addAsync(floats(dimension))],
    ["ids", () => index.add(new Float32Array(dimension), ints(1))],
    ["queries", () => index.search(floats(dimension), 1)],
    ["queries", () => index.searchAsync(floats(dimension), 1)],
    ["queries", () => index.snapshot().search(floats(dimension), 1)],
    ["rows", () => index.vectors(ints(1))],
    ["bytes", () => VectorIndex.fromBytes(bytes(9))],
    ["bytes", () => TextEmbedder.fromBytes(bytes(9))],
    ["bytes", () => History.fromBytes(bytes(9))],
    ["saved.predictor", () => TrainedHalf.fromBytes({ predictor: bytes(9), outOfFold: bytes(9) }, pool, 8)],
    [
      "saved.outOfFold",
      () => TrainedHalf.fromBytes({ predictor: fitted.toBytes(), outOfFold: bytes(9) }, pool, dimension),
    ],
    ["rows", () => history.select(ints(2))],
    ["source", () => readRecords(chunks()).next()],
    ["inputTokens", () => InputTokenEstimator.fit([], floats(1))],
    ["inputTokens", () => InputTokenEstimator.fit([], new Float32Array()).complete([], floats(1))],
    ["batch.embeddings", () => predictor.predict({ ...batch, embeddings: floats(dimension) })],
    ["batch.embeddings", () => predictor.predictSync({ ...batch, embeddings: floats(dimension) })],
    ["batch.inputTokens", () => predictor.predict({ ...batch, inputTokens: floats(1) })],
    ["exclude", () => predictor.predict(batch, { exclude: ints(1) })],
    [
      "history.inputTokens",
      () => new NeighbourPredictor({ ...history, inputTokens: floats(40) }, pool, index),
    ],
    ["history.cost", () => new NeighbourPredictor({ ...history, cost: floats(80) }, pool, index)],
    ["history.embeddings", () => TrainedHalf.fit(predictor, { ...parts, embeddings: floats(9) }, pool, {})],
    ["history.quality", () => TrainedHalf.fit(predictor, { ...parts, quality: floats(80) }, pool, {})],
  ])("%s", async (argument, call) => {
    const error = await Promise.resolve()
      .then(call)
      .catch((error: unknown) => error);
    expect(error).toMatchObject({
      name: "OmniRouterError",
      argument,
      message: `${argument} has a detached buffer: it was transferred elsewhere`,
    });
  });
});

it("a plan whose matrices or choice were transferred says so, and does not make up numbers", () => {
  const cost = Float32Array.of(1, 2, 2, 1);
  const out = new Uint8Array(2);
  const plan = assign({ ...problem, quantities: { cost } }, { out });
  expect(plan.mean("cost")).toBe(1);
  const choice = detached(out);
  expect(plan.choice).toBe(choice);
  expect(plan.size).toBe(2);
  for (const read of [() => plan.column("cost"), () => plan.byModel("cost"), () => plan.at(0)])
    expect(read).toThrow(expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "choice" }));
  detached(cost);
  expect(() => plan.column("cost")).toThrow(expect.objectContaining({ argument: "quantities.cost" }));
  expect(plan.totals).toEqual({ cost: 2 });
});

describe("what comes from another realm", () => {
  const realm = vm.createContext({});
  const foreign = <T>(source: string): T => vm.runInContext(source, realm) as T;

  it("serves as what it is", async () => {
    const plan = assign(
      foreign<typeof problem>(
        `({ models: ["a", "b"], quantities: { cost: Float32Array.of(1, 2, 2, 1) }, objective: { minimize: "cost" },
            groups: Uint16Array.of(0, 0), allowed: BigUint64Array.of(3n, 3n) })`,
      ),
      { out: foreign<Uint8Array>("new Uint8Array(2)") },
    );
    expect([...plan.choice]).toEqual([0, 1]);
    const vector = foreign<Float32Array>(`new Float32Array(${dimension}).fill(1)`);
    const other = new VectorIndex(dimension);
    other.add(vector, foreign<Int32Array>("Int32Array.of(5)"));
    expect([...other.search(vector, 1).ids]).toEqual([5]);
    const saved = foreign<(values: Uint8Array) => Uint8Array>("values => Uint8Array.from(values)");
    expect(VectorIndex.fromBytes(saved(other.toBytes())).size).toBe(1);
    expect(History.fromBytes(saved(history.toBytes())).size).toBe(40);
    expect(history.select(foreign<Int32Array>("Int32Array.of(1)")).size).toBe(1);
    const router = await Router.fit(
      foreign<(of: unknown) => object[]>("of => JSON.parse(JSON.stringify(of))")(records),
      pool,
      {
        embedder: {
          dimension: 2,
          fingerprint: "foreign",
          embed: foreign<typeof embedder.embed>(
            "async texts => new Float32Array(2 * texts.length).fill(Math.SQRT1_2)",
          ),
        },
      },
    );
    expect((await router.route(["question"], {})).feasible).toBe(true);
  });

  it("is bytes of records", async () => {
    const make = foreign<(text: string) => AsyncIterable<Uint8Array>>(
      "async function* of(text) { yield Uint8Array.from(text, c => c.charCodeAt(0)); }; of",
    );
    let read = 0;
    for await (const _ of readRecords(make(JSON.stringify(records[0])))) read++;
    expect(read).toBe(1);
  });
});
