import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { History } from "../../lib/history/history.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { HybridPredictor } from "../../lib/prediction/hybrid-predictor.js";
import { NeighbourPredictor } from "../../lib/prediction/neighbour-predictor.js";
import { decodeOutOfFold } from "../../lib/prediction/out-of-fold.js";
import { TextEmbedder } from "../../lib/prediction/text-embedder.js";
import { type HybridHistory, TrainedHalf } from "../../lib/prediction/trained-half.js";
import { seededRandom } from "../../lib/random.js";
import { VectorIndex } from "../../lib/retrieval/vector-index.js";

const pool = {
  models: [
    { name: "small", inputPer1M: 0.1, outputPer1M: 0.4 },
    { name: "large", inputPer1M: 2, outputPer1M: 8 },
    { name: "new", inputPer1M: 1, outputPer1M: 4 },
  ],
};
const TOPICS = ["integral of the polynomial", "reverse a linked list", "capital city of the country"];

/** Queries of three topics: large answers all of them, small the last one only, and nobody has asked the new model. */
function invent(rows: number, seed: number) {
  const random = seededRandom(seed);
  const texts: string[] = [];
  const quality = new Float32Array(rows * 3).fill(Number.NaN);
  const outputTokens = new Float32Array(rows * 3).fill(Number.NaN);
  for (let row = 0; row < rows; row++) {
    const topic = Math.floor(3 * random.uniform());
    texts.push(`What is the ${TOPICS[topic]} number ${Math.floor(1000 * random.uniform())}?`);
    quality[row * 3] = random.uniform() < [0.1, 0.4, 0.95][topic]! ? 1 : 0;
    quality[row * 3 + 1] = random.uniform() < 0.9 ? 1 : 0;
    for (const model of [0, 1])
      outputTokens[row * 3 + model] = [400, 200, 20][topic]! * (0.5 + random.uniform());
  }
  return { texts, quality, outputTokens, inputTokens: new Float32Array(rows).fill(20) };
}

async function fitOn({ texts, quality, outputTokens, inputTokens }: ReturnType<typeof invent>, seed = 0) {
  const embedder = await TextEmbedder.fit(texts, { dimension: 32 });
  const embeddings = await embedder.embed(texts);
  const index = new VectorIndex(embedder.dimension);
  index.add(embeddings);
  const cost = new Float32Array(quality.length).fill(Number.NaN);
  const models = pool.models.map(model => model.name);
  const near = new NeighbourPredictor(
    { size: texts.length, queries: texts, inputTokens, models, quality, outputTokens, cost },
    pool,
    index,
  );
  const history: HybridHistory = { texts, embeddings, inputTokens, quality, outputTokens };
  return { embedder, near, history, predictor: await HybridPredictor.fit(near, history, pool, { seed }) };
}

type Fitted = Awaited<ReturnType<typeof fitOn>>;
const batchOf = ({ embedder }: Fitted, texts: string[]) => ({
  texts,
  embeddings: embedder.embedSync(texts),
  inputTokens: new Float32Array(texts.length).fill(20),
});

describe("the hybrid predictor", () => {
  let fitted: Fitted;
  beforeAll(async () => {
    fitted = await fitOn(invent(600, 1));
  });

  it("tells topics and models apart, in quality, length and cost", async () => {
    const { quality, outputTokens, medianTokens, cost, costDeviation, support } =
      await fitted.predictor.predict(
        batchOf(fitted, [
          "What is the integral of the polynomial number 7?",
          "What is the capital city of the country?",
        ]),
      );
    expect(quality[0]).toBeLessThan(0.3);
    expect(quality[1]).toBeGreaterThan(0.75);
    expect(quality[3]).toBeGreaterThan(0.75);
    expect(outputTokens[0]).toBeGreaterThan(5 * outputTokens[3]!);
    expect(medianTokens[0]).toBeLessThan(1.1 * outputTokens[0]!);
    for (const [at, usd] of cost.entries()) {
      const { inputPer1M, outputPer1M } = pool.models[at % 3]!;
      expect(usd).toBeCloseTo((20 * inputPer1M + outputTokens[at]! * outputPer1M) / 1e6, 9);
      expect(costDeviation[at]).toBeGreaterThan(0);
      expect(costDeviation[at]).toBeLessThan(usd);
    }
    expect(support[2]).toBe(0);
  });

  it("expects of a model without outcomes what the pool does, and says how unsure it is", () => {
    const { quality, qualityDeviation } = fitted.predictor.predictSync(
      batchOf(fitted, ["What is the capital city of the country number 3?"]),
    );
    expect(quality[2]).toBeGreaterThan(0.3);
    expect(quality[2]).toBeLessThan(0.99);
    expect(qualityDeviation[2]).toBeGreaterThan(2 * qualityDeviation[1]!);
  });

  it("learns of the new model from its first outcomes, and leaves the one it was made from as it was", async () => {
    const texts = invent(40, 9).texts;
    const batch = batchOf(fitted, texts);
    const only = (values: number[]) => Float32Array.from({ length: 120 }, (_, at) => values[at % 3]!);
    const before = fitted.predictor.predictSync(batch);
    const levels = await fitted.predictor.levelsAfter(batch, {
      quality: only([Number.NaN, Number.NaN, 0]),
      outputTokens: only([Number.NaN, Number.NaN, 1000]),
    });
    const learned = new HybridPredictor(fitted.near, fitted.predictor.trained.withLevels(levels));
    const after = learned.predictSync(batch);
    for (let at = 2; at < 120; at += 3) {
      expect(after.quality[at]).toBeLessThan(before.quality[at]!);
      expect(after.qualityDeviation[at]! / (after.quality[at]! * (1 - after.quality[at]!))).toBeLessThan(
        before.qualityDeviation[at]! / (before.quality[at]! * (1 - before.quality[at]!)),
      );
      expect(after.outputTokens[at]).toBeGreaterThan(before.outputTokens[at]!);
      expect(after.quality[at - 1]).toBe(before.quality[at - 1]);
    }
    expect(fitted.predictor.predictSync(batch)).toEqual(before);
  });

  it("bears empty, huge, duplicate and non-Latin queries, and no queries", async () => {
    const odd = ["", "x".repeat(200_000), "这是什么？", "ما هذا؟", "\ud800", "这是什么？"];
    const { quality, cost } = await fitted.predictor.predict(batchOf(fitted, odd));
    expect([...quality, ...cost].every(Number.isFinite)).toBe(true);
    expect(quality.slice(6, 9)).toEqual(quality.slice(15));
    expect((await fitted.predictor.predict(batchOf(fitted, []))).rows).toBe(0);

    const twice = invent(60, 4);
    const copies = await fitOn({
      texts: [...twice.texts, ...twice.texts, ...odd],
      quality: Float32Array.from([...twice.quality, ...twice.quality, ...twice.quality.slice(0, 18)]),
      outputTokens: Float32Array.from([
        ...twice.outputTokens,
        ...twice.outputTokens,
        ...twice.outputTokens.slice(0, 18),
      ]),
      inputTokens: new Float32Array(126).fill(20),
    });
    expect(copies.predictor.outOfFold.quality.every(Number.isFinite)).toBe(true);
  });

  it("says of its own history what one on shuffled answers does not", async () => {
    const real = invent(600, 1);
    const random = seededRandom(5);
    const order = Array.from({ length: 600 }, (_, row) => ({ row, at: random.uniform() })).sort(
      (a, b) => a.at - b.at,
    );
    const quality = Float32Array.from(
      order.flatMap(({ row }) => [...real.quality.slice(3 * row, 3 * row + 3)]),
    );
    const shuffled = await fitOn({ ...real, quality });
    expect(areaOfColumn(fitted.predictor.outOfFold.quality, real.quality, 0, 3)).toBeGreaterThan(0.8);
    const chance = areaOfColumn(shuffled.predictor.outOfFold.quality, quality, 0, 3);
    expect(chance).toBeGreaterThan(0.4);
    expect(chance).toBeLessThan(0.6);
  });

  it("is the same for the same seed and any number of threads, and after a save", async () => {
    const threads = binding().threads();
    const batch = batchOf(fitted, invent(50, 3).texts);
    const expected = fitted.predictor.predictSync(batch);
    try {
      binding().setThreads(3);
      const again = await fitOn(invent(600, 1));
      expect(again.predictor.outOfFold).toEqual(fitted.predictor.outOfFold);
      expect(again.predictor.predictSync(batch)).toEqual(expected);
    } finally {
      binding().setThreads(threads);
    }
    const { trained } = fitted.predictor;
    const saved = { predictor: trained.toBytes(), outOfFold: trained.outOfFoldToBytes() };
    const half = TrainedHalf.fromBytes(saved, pool, fitted.embedder.dimension);
    const loaded = new HybridPredictor(fitted.near, half);
    expect(loaded.predictSync(batch)).toEqual(expected);
    expect(loaded.outOfFold).toEqual(fitted.predictor.outOfFold);
    expect((await fitOn(invent(600, 1), 1)).predictor.outOfFold).not.toEqual(fitted.predictor.outOfFold);
  });

  it("refuses damaged files, another pool's and another embedder's", () => {
    const { predictor, embedder } = fitted;
    const { trained } = predictor;
    const saved = { predictor: trained.toBytes(), outOfFold: trained.outOfFoldToBytes() };
    const load = (changed: Partial<typeof saved>, dimension = embedder.dimension, of = pool) =>
      TrainedHalf.fromBytes({ ...saved, ...changed }, of, dimension);
    const corrupt = expect.objectContaining({ code: "ERR_OMNI_CORRUPT" });
    for (const name of ["predictor", "outOfFold"] as const) {
      for (const at of [0, 12, 20, Math.floor(saved[name].length / 2), saved[name].length - 1]) {
        const bytes = Uint8Array.from(saved[name]);
        bytes[at]! ^= 0x55;
        expect(() => load({ [name]: bytes })).toThrow(corrupt);
      }
      expect(() => load({ [name]: saved[name].subarray(0, 30) })).toThrow(corrupt);
      expect(() => load({ [name]: new Uint8Array(0) })).toThrow(corrupt);
      const later = Uint8Array.from(saved[name]);
      later[8] = 9;
      expect(() => load({ [name]: later })).toThrow(expect.objectContaining({ code: "ERR_OMNI_VERSION" }));
    }
    expect(() => load({}, embedder.dimension + 1)).toThrow(corrupt);
    expect(() => load({}, embedder.dimension, { models: pool.models.slice(1) })).toThrow(corrupt);
    expect(() => decodeOutOfFold(saved.outOfFold, ["one"])).toThrow(corrupt);
  });

  it("names the argument that is wrong", async () => {
    const { predictor, near, history } = fitted;
    const { texts: _, ...without } = batchOf(fitted, ["a"]);
    expect(() => predictor.predictSync(without)).toThrow(
      expect.objectContaining({ argument: "batch.texts" }),
    );
    await expect(predictor.predict({ ...without, texts: ["a", "b"] })).rejects.toMatchObject({
      argument: "batch.texts",
    });
    const nothing = undefined as unknown as ReturnType<typeof batchOf>;
    expect(() => predictor.predictSync(nothing)).toThrow(expect.objectContaining({ argument: "batch" }));
    await expect(predictor.predict(nothing)).rejects.toMatchObject({ argument: "batch" });
    const noEmbeddings = { ...without, texts: ["a"], embeddings: [0, 1] as unknown as Float32Array };
    expect(() => predictor.predictSync(noEmbeddings)).toThrow(
      "batch.embeddings must be a Float32Array, got [ 0, 1 ]",
    );
    const refused = async (change: Partial<HybridHistory>) =>
      await expect(HybridPredictor.fit(near, { ...history, ...change }, pool)).rejects.toMatchObject({
        code: "ERR_OMNI_INVALID_ARGUMENT",
      });
    await refused({ texts: [] });
    await refused({ embeddings: history.embeddings.map((value, at) => (at === 5 ? Number.NaN : value)) });
    await refused({ quality: history.quality.map((value, at) => (at === 5 ? 2 : value)) });
    await refused({ outputTokens: history.outputTokens.map((value, at) => (at === 4 ? -1 : value)) });
    await refused({ inputTokens: new Float32Array(1) });
    await expect(HybridPredictor.fit(near, history, pool, { seed: -1 })).rejects.toMatchObject({
      argument: "seed",
    });
    const aborted = HybridPredictor.fit(near, history, pool, {
      signal: AbortSignal.abort(new Error("enough")),
    });
    await expect(aborted).rejects.toThrow("enough");
  });
});

/** Area under the ROC curve of one model's predictions: the share of pairs that are in order. */
function areaOfColumn(predicted: Float32Array, actual: Float32Array, column: number, models: number): number {
  const rows = Array.from({ length: actual.length / models }, (_, row) => row * models + column);
  const good = rows.filter(at => actual[at]! > 0.5).map(at => predicted[at]!);
  const bad = rows.filter(at => actual[at]! <= 0.5).map(at => predicted[at]!);
  let inOrder = 0;
  for (const a of good) for (const b of bad) inOrder += a > b ? 1 : a === b ? 0.5 : 0;
  return inOrder / (good.length * bad.length);
}

const folder = join(process.env.OMNIROUTER_DATA ?? "", "zeroeval");
const present = process.env.OMNIROUTER_DATA !== undefined && existsSync(folder);
if (!present)
  console.log(
    "part of hybrid-predictor.test.ts is skipped: OMNIROUTER_DATA names no folder with zeroeval in it",
  );

describe.skipIf(!present)("on zeroeval", () => {
  it("orders, scores and is calibrated at least as well as the neighbours alone", async () => {
    const pool = await ModelPool.load(join(folder, "models.json"));
    const records = await History.read(join(folder, "queries.jsonl.gz"), pool);
    const random = seededRandom(1);
    const order = Array.from({ length: records.size }, (_, row) => ({ row, at: random.uniform() }));
    order.sort((a, b) => a.at - b.at);
    const rows = order.map(({ row }) => row);
    const cut = Math.round(0.7 * rows.length);
    const [train, test] = [records.select(rows.slice(0, cut)), records.select(rows.slice(cut))];
    const embedder = await TextEmbedder.fit(train.queries);
    const embeddings = await embedder.embed(train.queries);
    const index = new VectorIndex(embedder.dimension);
    index.add(embeddings);
    const near = new NeighbourPredictor(train, pool, index);
    const { queries: texts, inputTokens, quality, outputTokens } = train;
    const hybrid = await HybridPredictor.fit(
      near,
      { texts, embeddings, inputTokens, quality, outputTokens },
      pool,
    );
    const batch = {
      texts: test.queries,
      embeddings: await embedder.embed(test.queries),
      inputTokens: test.inputTokens,
    };
    const measure = (predicted: Float32Array) => {
      const models = pool.names.map((_, column) => column);
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const auc = mean(models.map(column => areaOfColumn(predicted, test.quality, column, pool.size)));
      const brier = mean(Array.from(predicted, (value, at) => (value - test.quality[at]!) ** 2));
      const ece = mean(
        models.map(column => {
          const cells = Array.from({ length: test.size }, (_, row) => row * pool.size + column);
          cells.sort((a, b) => predicted[a]! - predicted[b]!);
          const tenths = Array.from({ length: 10 }, (_, t) =>
            cells.slice(Math.floor((t * cells.length) / 10), Math.floor(((t + 1) * cells.length) / 10)),
          );
          const gaps = tenths.map(cells =>
            Math.abs(mean(cells.map(at => predicted[at]! - test.quality[at]!))),
          );
          return mean(gaps);
        }),
      );
      return { auc, brier, ece };
    };
    const alone = measure(near.predictSync(batch).quality);
    const joined = measure(hybrid.predictSync(batch).quality);
    console.log("zeroeval, neighbours alone and hybrid:", alone, joined);
    expect(joined.auc).toBeGreaterThanOrEqual(alone.auc);
    expect(joined.brier).toBeLessThanOrEqual(alone.brier);
    expect(joined.ece).toBeLessThanOrEqual(alone.ece);
  }, 120_000);
});
