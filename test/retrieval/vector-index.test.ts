import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { VectorIndex } from "../../lib/index.js";
import { bruteForce, embeddings } from "./embeddings.js";

const threads = binding().threads();
afterEach(() => binding().setThreads(threads));

describe("a snapshot", () => {
  it("finds what was there when it was taken", async () => {
    const dimension = 8;
    const vectors = embeddings(300, dimension, 5);
    const queries = embeddings(4, dimension, 6);
    const index = new VectorIndex(dimension);
    index.add(vectors.subarray(0, 100 * dimension));
    const then = index.search(queries, 120);
    const snapshot = index.snapshot();
    const bytes = index.toBytes();
    expect(await index.toBytesAsync()).toEqual(bytes);
    index.add(vectors.subarray(100 * dimension));
    expect(snapshot).toMatchObject({ dimension, size: 100 });
    expect(snapshot.search(queries, 120)).toEqual(then);
    expect(await snapshot.searchAsync(queries, 120)).toEqual(then);
    expect(index.search(queries, 120)).not.toEqual(then);
    expect(index.snapshot().search(queries, 120)).toEqual(index.search(queries, 120));
    expect(() => snapshot.search(queries, 0)).toThrow(/k must be/);
    await expect(snapshot.searchAsync(new Float32Array(3), 1)).rejects.toMatchObject({ argument: "queries" });
    await expect(index.toBytesAsync({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });
});

describe("the vectors of an index", () => {
  it("are those that were added, by the order of their addition", () => {
    const vectors = embeddings(3000, 8, 5);
    const index = new VectorIndex(8);
    index.add(vectors.subarray(0, 80));
    index.add(vectors.subarray(80));
    const rows = Int32Array.from([2999, 0, 9, 10, 0]);
    const expected = Array.from(rows, row => [...vectors.subarray(8 * row, 8 * row + 8)]).flat();
    expect([...index.vectors(rows)]).toEqual(expected);
    expect(index.vectors(new Int32Array(0))).toEqual(new Float32Array(0));
    for (const bad of [-1, 3000])
      expect(() => index.vectors(Int32Array.of(0, bad))).toThrow(
        expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "rows[1]" }),
      );
    expect(() => index.vectors([0] as never)).toThrow(/rows/);
  });
});

describe("exact search", () => {
  it("is what sorting all inner products gives", () => {
    // Small whole numbers: inner products are exact in any order of summation, and ties abound.
    const whole = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain(dimension =>
          fc.record({
            dimension: fc.constant(dimension),
            vectors: fc.array(fc.array(whole, { minLength: dimension, maxLength: dimension }), {
              minLength: 1,
              maxLength: 60,
            }),
            queries: fc.array(fc.array(whole, { minLength: dimension, maxLength: dimension }), {
              minLength: 1,
              maxLength: 8,
            }),
            k: fc.integer({ min: 1, max: 70 }),
          }),
        ),
        ({ dimension, vectors, queries, k }) => {
          const flatVectors = new Float32Array(vectors.flat());
          const index = new VectorIndex(dimension, { kind: "flat" });
          index.add(flatVectors);
          const found = index.search(new Float32Array(queries.flat()), k);
          expect(found.k).toBe(k);
          queries.forEach((query, q) => {
            const expected = bruteForce(flatVectors, new Float32Array(query), dimension).slice(0, k);
            const padding = k - expected.length;
            expect([...found.ids.subarray(q * k, (q + 1) * k)]).toEqual([
              ...expected.map(n => n.id),
              ...Array(padding).fill(-1),
            ]);
            expect([...found.similarities.subarray(q * k, (q + 1) * k)]).toEqual([
              ...expected.map(n => n.similarity + 0),
              ...Array(padding).fill(Number.NEGATIVE_INFINITY),
            ]);
          });
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it("answers a query the same alone and in a batch, by any number of threads, synchronously or not", async () => {
    const dimension = 20;
    const index = new VectorIndex(dimension);
    index.add(embeddings(9_000, dimension, 1));
    const queries = embeddings(50, dimension, 2);
    const whole = index.search(queries, 7);
    for (const count of [1, 2, 5]) {
      binding().setThreads(count);
      expect(index.search(queries, 7)).toEqual(whole);
      expect(await index.searchAsync(queries, 7)).toEqual(whole);
    }
    for (let q = 0; q < 50; ++q) {
      const alone = index.search(queries.subarray(q * dimension, (q + 1) * dimension), 7);
      expect(alone.ids).toEqual(whole.ids.subarray(q * 7, (q + 1) * 7));
      expect(alone.similarities).toEqual(whole.similarities.subarray(q * 7, (q + 1) * 7));
    }
  });

  it("holds zero vectors, whose similarity to anything is 0", () => {
    const index = new VectorIndex(2);
    index.add(new Float32Array([0, 0, 1, 0, 0, 0]));
    const found = index.search(new Float32Array([-1, 0, 0, 0]), 3);
    expect([...found.ids]).toEqual([0, 2, 1, 0, 1, 2]);
    expect([...found.similarities]).toEqual([0, 0, -1, 0, 0, 0]);
  });

  it("answers with padding while it is empty", () => {
    const found = new VectorIndex(3).search(new Float32Array(6), 2);
    expect([...found.ids]).toEqual([-1, -1, -1, -1]);
    expect([...found.similarities]).toEqual(Array(4).fill(Number.NEGATIVE_INFINITY));
  });
});

describe("graph", () => {
  it("finds nearly all exact neighbours, and the same ones for any number of threads and split of additions", async () => {
    const dimension = 24;
    const vectors = embeddings(4_000, dimension, 3);
    const queries = embeddings(100, dimension, 4);
    const exact = new VectorIndex(dimension, { kind: "flat" });
    exact.add(vectors);
    const expected = exact.search(queries, 10);
    const answers = [];
    for (const [count, batch] of [
      [1, 4_000],
      [4, 999],
    ] as const) {
      binding().setThreads(count);
      const index = new VectorIndex(dimension, { kind: "hnsw" });
      for (let first = 0; first < 4_000; first += batch)
        await index.addAsync(vectors.subarray(first * dimension, (first + batch) * dimension));
      await index.settled();
      expect(index.kind).toBe("hnsw");
      answers.push(index.search(queries, 10));
    }
    expect(answers[1]).toEqual(answers[0]);
    let hits = 0;
    for (let q = 0; q < 100; ++q) {
      const found = new Set(answers[0]!.ids.subarray(q * 10, (q + 1) * 10));
      for (const id of expected.ids.subarray(q * 10, (q + 1) * 10)) hits += found.has(id) ? 1 : 0;
    }
    expect(hits / 1_000).toBeGreaterThan(0.98);
  });

  it("is not built when told to stay flat, and stops being waited for on abort", async () => {
    const flat = new VectorIndex(4, { kind: "flat" });
    flat.add(embeddings(3_000, 4, 5));
    await flat.settled();
    expect(flat.kind).toBe("flat");
    const graph = new VectorIndex(32, { kind: "hnsw" });
    graph.add(embeddings(20_000, 32, 5));
    await expect(graph.settled({ signal: AbortSignal.timeout(10) })).rejects.toThrow(/timeout/);
    expect(graph.search(embeddings(1, 32, 6), 1).ids[0]).toBeGreaterThanOrEqual(0);
  });
});

describe("adding", () => {
  it("keeps asynchronous additions in the order of the calls, though their buffers are changed at once", async () => {
    const index = new VectorIndex(1);
    const buffer = new Float32Array(1);
    const additions = [];
    for (let i = 0; i < 50; ++i) {
      buffer[0] = i;
      additions.push(index.addAsync(buffer));
    }
    buffer[0] = 1e6;
    await Promise.all(additions);
    expect([...index.search(new Float32Array([1]), 50).ids]).toEqual(
      Array.from({ length: 50 }, (_, i) => 49 - i),
    );
  });

  it("goes on while others search, and every search sees whole additions", async () => {
    const index = new VectorIndex(16, { kind: "hnsw" });
    const queries = embeddings(20, 16, 7);
    const adding = (async () => {
      for (let i = 0; i < 60; ++i) await index.addAsync(embeddings(100, 16, 100 + i));
    })();
    let finished = false;
    adding.finally(() => {
      finished = true;
    });
    while (!finished) {
      const before = index.size;
      const { ids } = await index.searchAsync(queries, 5);
      expect(ids.every(id => id >= (before > 0 ? 0 : -1) && id < index.size)).toBe(true);
    }
    await adding;
    expect(index.size).toBe(6_000);
  });

  it("takes ids, and numbers on from the highest", () => {
    const index = new VectorIndex(1);
    index.add(new Float32Array([1, 2]), new Int32Array([40, 7]));
    index.add(new Float32Array([3]));
    expect([...index.search(new Float32Array([1]), 4).ids]).toEqual([41, 7, 40, -1]);
  });

  it("keeps nothing of an addition that was aborted or refused", async () => {
    const index = new VectorIndex(2);
    const abort = AbortSignal.abort(new Error("enough"));
    await expect(index.addAsync(new Float32Array(2), undefined, { signal: abort })).rejects.toThrow("enough");
    await expect(index.addAsync(new Float32Array([0, Number.NaN]))).rejects.toThrow("row 0 holds NaN");
    await index.addAsync(new Float32Array([1, 1]));
    expect(index.size).toBe(1);
  });

  it("aborts a long search with the signal's reason", async () => {
    const index = new VectorIndex(64, { kind: "flat" });
    index.add(embeddings(8_000, 64, 8));
    const controller = new AbortController();
    const searching = index.searchAsync(new Float32Array(64 * 20_000).fill(0.1), 10, {
      signal: controller.signal,
    });
    controller.abort(new Error("changed my mind"));
    await expect(searching).rejects.toThrow("changed my mind");
  });
});

describe("arguments", () => {
  const index = new VectorIndex(2);
  index.add(new Float32Array([1, 0]));
  const row = new Float32Array(2);
  const detached = () => {
    const array = new Float32Array(2);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
  const any = (value: unknown): any => value;

  const cases: [string, string, () => unknown][] = [
    ["a fractional dimension", "dimension", () => new VectorIndex(1.5)],
    ["dimension 0", "dimension", () => new VectorIndex(0)],
    ["a dimension that is text", "dimension", () => new VectorIndex(any("3"))],
    ["an enormous dimension", "dimension", () => new VectorIndex(2 ** 31)],
    ["an unknown kind", "options.kind", () => new VectorIndex(2, any({ kind: "ivf" }))],
    ["vectors in an array", "vectors", () => index.add(any([1, 2]))],
    ["vectors in doubles", "vectors", () => index.add(any(new Float64Array(2)))],
    ["no vectors", "vectors", () => index.add(new Float32Array(0))],
    ["half a vector", "vectors", () => index.add(new Float32Array(3))],
    ["detached vectors", "vectors", () => index.add(detached())],
    ["a NaN", "vectors", () => index.add(new Float32Array([0, Number.NaN]))],
    ["an infinity", "vectors", () => index.add(new Float32Array([Number.NEGATIVE_INFINITY, 0]))],
    ["a vector too long", "vectors", () => index.add(new Float32Array([3e38, 0]))],
    ["ids in an array", "ids", () => index.add(row, any([1]))],
    ["too many ids", "ids", () => index.add(row, new Int32Array(2))],
    ["a negative id", "ids[0]", () => index.add(row, new Int32Array([-1]))],
    ["an id in use", "ids[0]", () => index.add(row, new Int32Array([0]))],
    ["an id twice", "ids[1]", () => index.add(new Float32Array(4), new Int32Array([5, 5]))],
    ["half a query", "queries", () => index.search(new Float32Array(3), 1)],
    ["no queries", "queries", () => index.search(new Float32Array(0), 1)],
    ["detached queries", "queries", () => index.search(detached(), 1)],
    ["a NaN in a query", "queries", () => index.search(new Float32Array([Number.NaN, 0]), 1)],
    ["k 0", "k", () => index.search(row, 0)],
    ["a fractional k", "k", () => index.search(row, 1.5)],
    ["k NaN", "k", () => index.search(row, Number.NaN)],
    ["k as text", "k", () => index.search(row, any("1"))],
    ["an enormous k", "k", () => index.search(row, 2 ** 31 - 1)],
    ["bytes in an array", "bytes", () => VectorIndex.fromBytes(any([1]))],
  ];
  it.each(cases)("refuses %s by name (%s)", (_, argument, call) => {
    expect(call).toThrowError(expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }));
    expect(index.size).toBe(1);
  });

  it("refuses the same asynchronously", async () => {
    const refused = (argument: string) => ({ code: "ERR_OMNI_INVALID_ARGUMENT", argument });
    await expect(index.addAsync(any([1]))).rejects.toMatchObject(refused("vectors"));
    await expect(index.addAsync(row, new Int32Array([0]))).rejects.toMatchObject(refused("ids[0]"));
    await expect(index.searchAsync(row, 0)).rejects.toMatchObject(refused("k"));
    await expect(index.searchAsync(detached(), 1)).rejects.toMatchObject(refused("queries"));
    await expect(VectorIndex.load(any(7))).rejects.toMatchObject(refused("path"));
    await expect(index.save("")).rejects.toMatchObject(refused("path"));
  });

  it("reads shared memory", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([0.5, 0.5]);
    const other = new VectorIndex(2);
    other.add(shared);
    await other.addAsync(shared);
    expect([...other.search(shared, 2).similarities]).toEqual([0.5, 0.5]);
    expect([...(await other.searchAsync(shared, 2)).ids]).toEqual([0, 1]);
  });

  it("does not mind queries whose buffer is transferred away while they are searched for", async () => {
    const queries = new Float32Array(2 * 1_000).fill(1);
    const searching = index.searchAsync(queries, 1);
    structuredClone(queries.buffer, { transfer: [queries.buffer] });
    expect((await searching).similarities.every(s => s === 1)).toBe(true);
  });

  it("is safe below TypeScript: the addon refuses a wrong this and wrong arguments itself", () => {
    const { NativeVectorIndex } = binding();
    const handle = new NativeVectorIndex(2, "flat");
    expect(() => NativeVectorIndex.prototype.size.call(any({}))).toThrow();
    expect(() =>
      NativeVectorIndex.prototype.size.call(any(Object.create(NativeVectorIndex.prototype))),
    ).toThrow();
    expect(() => new NativeVectorIndex(0, "flat")).toThrow(/dimension/);
    expect(() => new NativeVectorIndex(2, "x")).toThrow(/kind/);
    expect(() => handle.add(any(null), undefined)).toThrow(/vectors/);
    expect(() => handle.add(any(new Int32Array(2)), undefined)).toThrow(/element type/);
    expect(() => handle.add(new Float32Array(3), undefined)).toThrow(/multiple/);
    expect(() => handle.search(new Float32Array(2), -1)).toThrow(/k must be/);
    expect(() => handle.search(detached(), 1)).toThrow(/detached/);
    expect(() => handle.fromBytes(any("x"))).toThrow(/bytes/);
    expect(() => handle.writeFile(any(-1))).toThrow(/descriptor/);
  });
});

describe("memory", () => {
  it("is told to V8, which collects forgotten indexes before they fill the machine", async () => {
    const vectors = new Float32Array(1_000 * 2_000).fill(0.5); // 8 MB
    const before = process.memoryUsage().rss;
    let most = 0;
    for (let i = 0; i < 120; ++i) {
      new VectorIndex(1_000).add(vectors);
      await setImmediate();
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect(most).toBeLessThan(480e6); // half of what all of them would take
  });
});
