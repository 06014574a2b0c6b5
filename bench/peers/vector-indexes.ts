// Other indexes of vectors that a Node program could use.
import { VectorIndex } from "../../lib/index.js";

export interface BuiltIndex {
  /** Ids of the k nearest of one query, or of many at once: `[queries x k]`. */
  search(queries: Float32Array, k: number): ArrayLike<number | bigint>;
}

export interface VectorIndexPeer {
  readonly name: string;
  /** On npm; absent for our own. */
  readonly package?: string;
  /** Rows of unit length, numbered from 0. `exported` is what the package exports. */
  build(vectors: Float32Array, dimension: number, exported: unknown): Promise<BuiltIndex>;
}

const ours = (kind: "flat" | "hnsw"): VectorIndexPeer => ({
  name: `VectorIndex, ${kind === "flat" ? "exact" : "HNSW"}`,
  async build(vectors, dimension) {
    const index = new VectorIndex(dimension, { kind });
    await index.addAsync(vectors);
    await index.settled();
    return { search: (queries, k) => index.search(queries, k).ids };
  },
});

const usearch: VectorIndexPeer = {
  name: "usearch, HNSW",
  package: "usearch",
  async build(vectors, dimension, exported) {
    const { Index } = exported as UsearchModule;
    const index = new Index({ metric: "ip", quantization: "f32", dimensions: dimension });
    index.add(
      BigUint64Array.from({ length: vectors.length / dimension }, (_, row) => BigInt(row)),
      vectors,
      0,
    );
    return { search: (queries, k) => index.search(queries, k, 0).keys };
  },
};

/** The part of usearch (2.25) that is used; 0 threads are as many as there are cores. */
interface UsearchModule {
  readonly Index: new (
    options: object,
  ) => {
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(queries: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  };
}

const hnswlib: VectorIndexPeer = {
  name: "hnswlib-node, HNSW",
  package: "hnswlib-node",
  async build(vectors, dimension, exported) {
    const { HierarchicalNSW } = exported as HnswlibModule;
    const rows = vectors.length / dimension;
    const index = new HierarchicalNSW("ip", dimension);
    index.initIndex(rows);
    for (let row = 0; row < rows; row++)
      index.addPoint(Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)), row);
    return {
      search(queries, k) {
        index.setEf(Math.max(64, k));
        const ids: number[] = [];
        for (let start = 0; start < queries.length; start += dimension)
          ids.push(...index.searchKnn(Array.from(queries.subarray(start, start + dimension)), k).neighbors);
        return ids;
      },
    };
  },
};

/** The part of hnswlib-node (3.0) that is used. */
interface HnswlibModule {
  readonly HierarchicalNSW: new (
    space: "ip",
    dimension: number,
  ) => {
    initIndex(rows: number): void;
    addPoint(vector: number[], label: number): void;
    setEf(ef: number): void;
    searchKnn(vector: number[], k: number): { readonly neighbors: number[] };
  };
}

/** The exact one first: the others' recall is measured by it. */
export const VECTOR_INDEX_PEERS: readonly VectorIndexPeer[] = [ours("flat"), ours("hnsw"), usearch, hnswlib];
