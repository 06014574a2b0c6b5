import { describe, expect, it } from "vitest";
import { FaissNodeIndex, type Index, type SearchResult, VectorIndex } from "../../lib/index.js";
import { bruteForce, embeddings } from "./embeddings.js";

/**
 * A STAND-IN, NOT faiss-node: the package downloads its binary and cannot be installed where these tests run. It has
 * the signatures and refusals that faiss-node 0.5.1 documents, over a brute-force search, so what is tested here is the
 * adapter's side of the contract only.
 */
const standIn = {
  default: (() => {
    class Handle {
      readonly #dimension: number;
      readonly #vectors: number[] = [];
      constructor(dimension: number) {
        this.#dimension = dimension;
      }
      add(vectors: number[]) {
        if (!Array.isArray(vectors)) throw new Error("Invalid the first argument type, must be an Array.");
        if (vectors.length % this.#dimension !== 0) throw new Error("Invalid the given array length.");
        this.#vectors.push(...vectors);
      }
      search(query: number[], k: number) {
        if (!Array.isArray(query)) throw new Error("Invalid the first argument type, must be an Array.");
        if (query.length !== this.#dimension) throw new Error("Query array length must be the dimension.");
        if (k > this.ntotal())
          throw new Error("Invalid the number of k (cannot be given a value greater than ntotal).");
        const all = bruteForce(new Float32Array(this.#vectors), new Float32Array(query), this.#dimension);
        const found = all.slice(0, k);
        return { distances: found.map(n => n.similarity), labels: found.map(n => n.id) };
      }
      ntotal() {
        return this.#vectors.length / this.#dimension;
      }
      getDimension() {
        return this.#dimension;
      }
    }
    return {
      IndexFlatIP: Handle,
      Index: {
        fromFactory(dimension: number, description: string, metric: number) {
          if (description !== "HNSW32,Flat" || metric !== 0) throw new Error("unexpected factory call");
          return new Handle(dimension);
        },
      },
      MetricType: { METRIC_INNER_PRODUCT: 0, METRIC_L2: 1 },
    };
  })(),
};
const importer = async () => standIn;

describe("FaissNodeIndex over a stand-in", () => {
  it.each(["flat", "hnsw"] as const)("answers as VectorIndex does (%s)", async kind => {
    const vectors = embeddings(200, 6, 1);
    const ids = Int32Array.from({ length: 200 }, (_, i) => 1_000 - 3 * i);
    const queries = embeddings(10, 6, 2);
    const both: Index[] = [await FaissNodeIndex.create(6, { kind }, importer), new VectorIndex(6)];
    const answers: SearchResult[] = [];
    for (const index of both) {
      expect([...index.search(queries, 1).ids]).toEqual(Array(10).fill(-1));
      index.add(vectors.subarray(0, 600), ids.subarray(0, 100));
      await index.addAsync(vectors.subarray(600), ids.subarray(100));
      index.add(new Float32Array(6));
      expect(index.size).toBe(201);
      answers.push(index.search(queries, 250), await index.searchAsync(queries, 250));
    }
    for (const answer of answers) {
      expect(answer.ids).toEqual(answers[2]!.ids);
      answer.similarities.forEach((s, i) => {
        if (answer.ids[i] !== -1) expect(s).toBeCloseTo(answers[2]!.similarities[i]!, 5);
        else expect(s).toBe(Number.NEGATIVE_INFINITY);
      });
    }
  });

  it("refuses what VectorIndex refuses, in the same words", async () => {
    const both: Index[] = [await FaissNodeIndex.create(2, {}, importer), new VectorIndex(2)];
    for (const index of both) index.add(new Float32Array([1, 0]));
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
    const any = (value: unknown): any => value;
    const calls: ((index: Index) => unknown)[] = [
      i => i.add(new Float32Array(3)),
      i => i.add(any([1, 2])),
      i => i.add(new Float32Array([Number.NaN, 0])),
      i => i.add(new Float32Array([3e38, 0])),
      i => i.add(new Float32Array(2), new Int32Array([-4])),
      i => i.add(new Float32Array(2), new Int32Array([0])),
      i => i.add(new Float32Array(4), new Int32Array([8, 8])),
      i => i.search(new Float32Array(2), 0),
      i => i.search(new Float32Array([0, Number.POSITIVE_INFINITY]), 1),
    ];
    const messageOf = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    };
    for (const call of calls) {
      const [theirs, ours] = both.map(index => messageOf(() => call(index)));
      expect(theirs).not.toBe("accepted");
      expect(theirs).toBe(ours);
    }
    expect(both[0]!.size).toBe(1);
  });

  it("can be aborted between queries", async () => {
    const index = await FaissNodeIndex.create(2, {}, importer);
    index.add(new Float32Array([1, 0]));
    const controller = new AbortController();
    const searching = index.searchAsync(new Float32Array(2_000), 1, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(searching).rejects.toThrow("enough");
  });
});

describe("without faiss-node", () => {
  it("says how to install it", async () => {
    const absent = Object.assign(new Error("Cannot find package 'faiss-node'"), {
      code: "ERR_MODULE_NOT_FOUND",
    });
    await expect(FaissNodeIndex.create(2, {}, () => Promise.reject(absent))).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
      message: expect.stringContaining("npm install faiss-node"),
    });
  });

  it("says how to get its binary when only that is missing", async () => {
    const noBinary = new Error("Could not locate the bindings file. Tried:\n → build/faiss-node.node");
    await expect(FaissNodeIndex.create(2, {}, () => Promise.reject(noBinary))).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
      message: expect.stringContaining("npm rebuild faiss-node"),
    });
  });

  it("reports any other failure as it is", async () => {
    const other = new Error("libomp.so: cannot open shared object file");
    await expect(FaissNodeIndex.create(2, {}, () => Promise.reject(other))).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
      message: expect.stringContaining("libomp.so"),
    });
  });
});
