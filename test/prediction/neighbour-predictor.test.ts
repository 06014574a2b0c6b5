import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import {
  type NeighbourHistory,
  type NeighbourMatches,
  type NeighbourOptions,
  NeighbourPredictor,
  type NeighbourSource,
} from "../../lib/index.js";
import { knownOutputTokens } from "../../lib/prediction/output-tokens.js";
import { dot, lcg } from "./texts.js";

const threads = binding().threads();
afterEach(() => binding().setThreads(threads));

/** Exact search, written plainly: what an index promises, without an index. */
class PlainIndex implements NeighbourSource {
  constructor(
    readonly dimension: number,
    readonly vectors: Float32Array[],
  ) {}
  get size() {
    return this.vectors.length;
  }
  search(queries: Float32Array, k: number): NeighbourMatches {
    const rows = queries.length / this.dimension;
    const ids = new Int32Array(rows * k).fill(-1);
    const similarities = new Float32Array(rows * k).fill(Number.NEGATIVE_INFINITY);
    for (let row = 0; row < rows; row++) {
      const query = queries.subarray(row * this.dimension, (row + 1) * this.dimension);
      const ranked = this.vectors
        .map((vector, id) => ({ id, similarity: Math.fround(dot(query, vector)) }))
        .sort((a, b) => b.similarity - a.similarity || a.id - b.id);
      for (const [n, { id, similarity }] of ranked.slice(0, k).entries()) {
        ids[row * k + n] = id;
        similarities[row * k + n] = similarity;
      }
    }
    return { ids, similarities, k };
  }
  async searchAsync(queries: Float32Array, k: number, { signal }: { signal?: AbortSignal } = {}) {
    const result = this.search(queries.slice(), k);
    await new Promise(resolve => setImmediate(resolve));
    signal?.throwIfAborted();
    return result;
  }
}

const pool = {
  models: [
    { name: "large", inputPer1M: 2.5, outputPer1M: 10 },
    { name: "small", inputPer1M: 0.15, outputPer1M: 0.6 },
    { name: "free-output", inputPer1M: 1, outputPer1M: 0 },
  ],
};
const M = pool.models.length;
const D = 6;

/** Random outcomes, each present with probability `density` (and each row has one at least). */
function world(rows: number, density: number, seed: number) {
  const random = lcg(seed);
  const vectors = Array.from({ length: rows }, () => {
    const vector = Float32Array.from({ length: D }, () => random() - 0.4);
    const norm = Math.sqrt(dot(vector, vector));
    return vector.map(x => x / norm);
  });
  const quality = new Float32Array(rows * M).fill(Number.NaN);
  const outputTokens = new Float32Array(rows * M).fill(Number.NaN);
  const cost = new Float32Array(rows * M).fill(Number.NaN);
  for (let row = 0; row < rows; row++) {
    const sure = Math.floor(random() * M);
    for (let model = 0; model < M; model++) {
      if (model !== sure && random() >= density) continue;
      quality[row * M + model] = random() < 0.6 ? 1 : random();
      outputTokens[row * M + model] = Math.floor(random() * 500);
    }
  }
  const history: NeighbourHistory = {
    size: rows,
    models: pool.models.map(model => model.name),
    queries: Array.from({ length: rows }, (_, i) => "q".repeat(1 + (i % 90))),
    inputTokens: Float32Array.from({ length: rows }, () => Math.floor(random() * 300)),
    quality,
    outputTokens,
    cost,
  };
  const batch = (count: number) => {
    const embeddings = new Float32Array(count * D);
    for (let i = 0; i < count; i++)
      embeddings.set(
        vectors[Math.floor(random() * rows)]!.map(x => x * 0.9),
        i * D,
      );
    return {
      embeddings,
      inputTokens: Float32Array.from({ length: count }, () => Math.floor(random() * 1000)),
    };
  };
  return { history, index: new PlainIndex(D, vectors), batch };
}

/** The formulas of native/prediction/neighbours.h, as plainly as they can be written. */
function reference(
  { history, index }: ReturnType<typeof world>,
  batch: { embeddings: Float32Array; inputTokens: Float32Array },
  { k, power, shrinkage }: Required<Omit<NeighbourOptions, "tokens">>,
  exclude?: Int32Array,
) {
  const column = (values: Float32Array, model: number) =>
    Array.from({ length: history.size }, (_, row) => values[row * M + model]!).filter(x => !Number.isNaN(x));
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const prior = (values: Float32Array) => {
    const columns = pool.models.map((_, model) => column(values, model));
    const poolMean = mean(columns.filter(c => c.length > 0).map(mean));
    return columns.map(c => (c.reduce((sum, x) => sum + x, 0) + 10 * poolMean) / (c.length + 10));
  };
  const estimate = (values: Float32Array, row: number, model: number, fallback: number) => {
    const found = index.search(batch.embeddings.subarray(row * D, (row + 1) * D), index.size);
    const all = [...found.ids.keys()]
      .filter(n => found.ids[n] !== exclude?.[row])
      .slice(0, k)
      .map(n => ({ w: Math.max(found.similarities[n]!, 0) ** power, x: values[found.ids[n]! * M + model]! }))
      .filter(({ w }) => w > 0);
    const near = all.filter(({ x }) => !Number.isNaN(x));
    const total = near.reduce((sum, { w }) => sum + w, 0);
    if (total === 0) return { value: fallback, support: 0 };
    const size = total ** 2 / near.reduce((sum, { w }) => sum + w * w, 0);
    const similar = Math.min(size, total / mean(all.slice(0, 10).map(({ w }) => w)));
    const weighted = near.reduce((sum, { w, x }) => sum + w * x, 0) / total;
    return {
      value: (size * weighted + shrinkage * fallback) / (size + shrinkage),
      support: similar / (similar + shrinkage),
    };
  };
  const qualityPrior = prior(history.quality);
  const tokensPrior = prior(history.outputTokens);
  return [...batch.inputTokens].flatMap((inputTokens, row) =>
    pool.models.map(({ inputPer1M, outputPer1M }, model) => {
      const { value: quality, support } = estimate(history.quality, row, model, qualityPrior[model]!);
      const { value: tokens } = estimate(history.outputTokens, row, model, tokensPrior[model]!);
      return {
        quality,
        support,
        tokens,
        cost: (inputTokens * inputPer1M + Math.fround(tokens) * outputPer1M) / 1e6,
      };
    }),
  );
}

describe("NeighbourPredictor", () => {
  it("agrees with the formulas written plainly, for full and for sparse histories", () => {
    for (const [density, k, power, shrinkage, seed] of [
      [1, 7, 1, 0, 1],
      [1, 100, 2, 2, 2],
      [0.3, 12, 3, 0.5, 3],
      [0, 20, 2, 4, 4],
    ] as const) {
      const setting = world(60, density, seed);
      const batch = setting.batch(9);
      const options = { k, power, shrinkage };
      const predictor = new NeighbourPredictor(setting.history, pool, setting.index, options);
      for (const exclude of [undefined, Int32Array.from({ length: 9 }, (_, i) => i * 5 - 1)]) {
        const got = predictor.predictSync(batch, exclude ? { exclude } : {});
        const expected = reference(setting, batch, options, exclude);
        expect([got.rows, got.models]).toEqual([9, ["large", "small", "free-output"]]);
        for (const [at, { quality, tokens, cost, support }] of expected.entries()) {
          expect(got.quality[at]).toBeCloseTo(quality, 5);
          expect(Math.abs(got.outputTokens[at]! - tokens)).toBeLessThan(1e-3);
          expect(Math.abs(got.cost[at]! - cost)).toBeLessThan(1e-8);
          expect(got.support[at]).toBeCloseTo(support, 5);
        }
      }
    }
  });

  it("predicts the same sync and async, in slices, for any number of threads", async () => {
    const { history, index, batch } = world(30, 0.5, 5);
    const predictor = new NeighbourPredictor(history, pool, index, { k: 5 });
    const large = batch(9000); // more than one search's worth
    const exclude = Int32Array.from({ length: 9000 }, (_, i) => i % 31);
    const sync = predictor.predictSync(large, { exclude });
    for (const count of [1, 4]) {
      binding().setThreads(count);
      expect(await predictor.predict(large, { exclude })).toEqual(sync);
    }
    const last = {
      embeddings: large.embeddings.slice(8999 * D),
      inputTokens: large.inputTokens.slice(8999),
    };
    expect(predictor.predictSync(last, { exclude: exclude.slice(8999) }).quality).toEqual(
      sync.quality.slice(8999 * M),
    );
  });

  it("is not disturbed by a caller who changes or transfers the batch meanwhile", async () => {
    const { history, index, batch } = world(30, 1, 6);
    const predictor = new NeighbourPredictor(history, pool, index);
    const one = batch(10);
    const expected = predictor.predictSync(one);
    const pending = predictor.predict(one);
    one.inputTokens.fill(0);
    structuredClone(one.embeddings, { transfer: [one.embeddings.buffer] });
    expect(await pending).toEqual(expected);
  });

  it("stays between the outcomes it is made of, and costs are never negative", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.25, max: 6, noNaN: true }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (seed, density, power, shrinkage) => {
          const { history, index, batch } = world(25, density, seed);
          const got = new NeighbourPredictor(history, pool, index, { k: 8, power, shrinkage }).predictSync(
            batch(6),
          );
          const known = (values: Float32Array) => values.filter(x => !Number.isNaN(x));
          const within = (values: Float32Array, of: Float32Array) => {
            const [least, most] = [Math.min(...known(of)), Math.max(...known(of))];
            for (const x of values) expect(x >= least && x <= most).toBe(true);
          };
          within(got.quality, history.quality);
          within(got.outputTokens, history.outputTokens);
          within(got.support, Float32Array.of(0, 1));
          expect(got.cost.every(x => x >= 0)).toBe(true);
        },
      ),
      { seed: 4, numRuns: 60 },
    );
  });

  it("gives a query like none in the history the models' means", () => {
    const { history, index } = world(40, 1, 7);
    const predictor = new NeighbourPredictor(history, pool, index);
    const nothing = { embeddings: new Float32Array(D), inputTokens: Float32Array.of(100) };
    const got = predictor.predictSync(nothing);
    expect([...got.support]).toEqual([0, 0, 0]);
    for (let model = 0; model < M; model++) {
      const column = history.quality.filter((_, i) => i % M === model);
      const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
      expect(Math.abs(got.quality[model]! - mean)).toBeLessThan(0.1); // a fifth of the way to the pool's mean
    }
    const empty = new NeighbourPredictor(history, pool, new PlainIndex(D, []));
    expect(empty.predictSync(nothing)).toEqual(got);
  });

  it("learns lengths from costs where lengths are not known", () => {
    const { history, index, batch } = world(40, 1, 8);
    const cost = history.outputTokens.map((tokens, at) => {
      const { inputPer1M, outputPer1M } = pool.models[at % M]!;
      return (history.inputTokens[Math.floor(at / M)]! * inputPer1M + tokens * outputPer1M) / 1e6;
    });
    const unknown = new Float32Array(cost.length).fill(Number.NaN);
    const derived = knownOutputTokens(
      { size: 40, outputTokens: unknown, cost },
      history.inputTokens,
      pool.models,
    );
    for (const [at, tokens] of derived.entries()) {
      if (at % M === 2)
        expect(tokens).toBeNaN(); // free output: its cost says nothing
      else expect(tokens).toBeCloseTo(history.outputTokens[at]!, 1);
    }
    const queries = batch(5);
    const full = new NeighbourPredictor(history, pool, index).predictSync(queries);
    const billed = { ...history, outputTokens: unknown, cost };
    const got = new NeighbourPredictor(billed, pool, index).predictSync(queries);
    // Not equal: the model whose lengths stay unknown is missing from the pool's mean, a part of every prior.
    for (const [at, usd] of full.cost.entries()) expect(Math.abs(got.cost[at]! / usd - 1)).toBeLessThan(0.01);
  });

  it("never takes a cost below the input's for a negative length", () => {
    const cost = Float32Array.of(1e-9, 0, Number.NaN);
    const tokens = knownOutputTokens(
      { size: 1, outputTokens: new Float32Array(3).fill(Number.NaN), cost },
      Float32Array.of(500),
      pool.models,
    );
    expect([...tokens]).toEqual([0, 0, Number.NaN]);
  });

  it("asks for more neighbours where outcomes are missing", () => {
    const k = (density: number) => {
      const { history, index } = world(400, density, 9);
      return new NeighbourPredictor(history, pool, index).k;
    };
    expect(k(1)).toBe(100);
    expect(k(0)).toBe(Math.ceil(100 * Math.sqrt(M)));
  });

  it("takes an empty batch", async () => {
    const { history, index, batch } = world(10, 1, 1);
    const predictor = new NeighbourPredictor(history, pool, index);
    expect((await predictor.predict(batch(0))).quality).toEqual(new Float32Array(0));
    expect(predictor.predictSync(batch(0)).rows).toBe(0);
  });

  it("refuses what does not fit together, naming it", () => {
    const { history, index, batch } = world(10, 1, 1);
    const wrong = (argument: string, code = "ERR_OMNI_INVALID_ARGUMENT") =>
      expect.objectContaining({ code, argument });
    const make = (change: Partial<NeighbourHistory>, options: NeighbourOptions = {}) =>
      new NeighbourPredictor({ ...history, ...change }, pool, index, options);
    const none = new Float32Array(10 * M).fill(Number.NaN);
    expect(() => make({ models: ["small", "large", "free-output"] })).toThrow(wrong("history"));
    expect(() => make({ models: ["large"] })).toThrow(wrong("history"));
    expect(() => make({ quality: new Float32Array(3) })).toThrow(wrong("history.quality"));
    expect(() => make({ size: 9 })).toThrow(wrong("history.quality"));
    expect(() => make({ quality: none })).toThrow(wrong("history", "ERR_OMNI_INVALID_HISTORY"));
    expect(() => make({ outputTokens: none })).toThrow(wrong("history", "ERR_OMNI_INVALID_HISTORY"));
    for (const k of [0, 1.5, -3, Number.NaN]) expect(() => make({}, { k })).toThrow(wrong("k"));
    for (const power of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => make({}, { power })).toThrow(wrong("power"));
    for (const shrinkage of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => make({}, { shrinkage })).toThrow(wrong("shrinkage"));
    expect(() => new NeighbourPredictor(history, pool, world(11, 1, 1).index)).toThrow(wrong("index"));

    const predictor = make({});
    const good = batch(2);
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
    const predict = (change: any, options: any = {}) =>
      predictor.predictSync({ ...good, ...change }, options);
    expect(() => predict({ embeddings: new Float32Array(D) })).toThrow(wrong("batch.embeddings"));
    expect(() => predict({ embeddings: [...good.embeddings] })).toThrow(wrong("batch.embeddings"));
    expect(() => predict({ inputTokens: [1, 2] })).toThrow(wrong("batch.inputTokens"));
    for (const tokens of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => predict({ inputTokens: Float32Array.of(1, tokens) })).toThrow(
        wrong("batch.inputTokens[1]"),
      );
    expect(() => predict({}, { exclude: Int32Array.of(1) })).toThrow(wrong("exclude"));
    expect(() => predict({}, { exclude: [1, 2] })).toThrow(wrong("exclude"));
  });

  it("refuses an index that answers out of shape or out of the history", async () => {
    const { history, index, batch } = world(10, 1, 1);
    const lying = (answer: Partial<NeighbourMatches>): NeighbourSource => ({
      dimension: D,
      size: 10,
      search: (queries, k) => ({ ...index.search(queries, k), ...answer }),
      searchAsync: async (queries, k) => ({ ...index.search(queries, k), ...answer }),
    });
    for (const answer of [{ ids: new Int32Array(20).fill(10) }, { ids: new Int32Array(19) }, { k: 11 }]) {
      const predictor = new NeighbourPredictor(history, pool, lying(answer));
      expect(() => predictor.predictSync(batch(2))).toThrow(
        expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT" }),
      );
      await expect(predictor.predict(batch(2))).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_ARGUMENT" });
    }
  });

  it("stops when aborted, with the signal's reason", async () => {
    const { history, index, batch } = world(30, 1, 2);
    const predictor = new NeighbourPredictor(history, pool, index);
    const reason = new Error("enough");
    await expect(predictor.predict(batch(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const pending = predictor.predict(batch(20_000), { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(pending).rejects.toBe(reason);
  });
});
