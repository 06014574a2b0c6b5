import { setImmediate } from "node:timers/promises";
import { invalid, OmniRouterError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkDimension, checkIds, checkK, checkRows } from "./arguments.js";
import type { Index, IndexCallOptions, SearchResult } from "./index.js";

/** The part of the npm package `faiss-node` (0.5) that is used. */
interface FaissNode {
  IndexFlatIP: new (dimension: number) => FaissNodeHandle;
  Index: { fromFactory(dimension: number, description: string, metric: number): FaissNodeHandle };
  MetricType: { METRIC_INNER_PRODUCT: number };
}

interface FaissNodeHandle {
  add(vectors: number[]): void;
  search(queries: number[], k: number): { distances: number[]; labels: number[] };
  ntotal(): number;
}

/** How a {@link FaissNodeIndex} searches. */
export interface FaissNodeIndexOptions {
  /** `"flat"`, the default, searches exactly; `"hnsw"` by a graph (`HNSW32,Flat`). */
  kind?: "flat" | "hnsw";
}

const LONGEST = 1e19;
const MOST_IDS = 2 ** 31;

/**
 * An {@link Index} over the npm package `faiss-node`, an optional peer dependency, for programs that use it already.
 * Beside {@link VectorIndex} it is slower, blocks the event loop for each query, even in its asynchronous methods, which
 * let the loop run between queries only, and does not promise which of several equally similar vectors is found.
 */
export class FaissNodeIndex implements Index {
  /** Length of its vectors. */
  readonly dimension: number;
  readonly #faiss: FaissNodeHandle;
  /** Ids by row: faiss-node numbers rows itself. */
  readonly #ids: number[] = [];
  readonly #used = new Set<number>();
  #nextId = 0;

  private constructor(dimension: number, faiss: FaissNodeHandle) {
    this.dimension = dimension;
    this.#faiss = faiss;
  }

  /**
   * @throws OmniRouterError `ERR_OMNI_MISSING_DEPENDENCY` if faiss-node is not installed, or is without its binary.
   */
  static async create(
    dimension: number,
    options: FaissNodeIndexOptions = {},
    importer: (name: string) => Promise<unknown> = name =>
      import(/* webpackIgnore: true */ /* @vite-ignore */ name),
  ): Promise<FaissNodeIndex> {
    checkDimension(dimension);
    checkOptions(options, ["kind"]);
    const { kind = "flat" } = options;
    if (kind !== "flat" && kind !== "hnsw") throw invalid("options.kind", 'must be "flat" or "hnsw"');
    const faiss = await importFaissNode(importer);
    const handle =
      kind === "flat"
        ? new faiss.IndexFlatIP(dimension)
        : faiss.Index.fromFactory(dimension, "HNSW32,Flat", faiss.MetricType.METRIC_INNER_PRODUCT);
    return new FaissNodeIndex(dimension, handle);
  }

  get size(): number {
    return this.#faiss.ntotal();
  }

  add(vectors: Float32Array, ids?: Int32Array): void {
    const rows = checkRows("vectors", vectors, this.dimension);
    checkIds(ids, rows);
    checkValues("vectors", vectors, this.dimension);
    const added = this.#checkedIds(rows, ids);
    this.#faiss.add(Array.from(vectors));
    for (const id of added) {
      this.#ids.push(id);
      this.#used.add(id);
      if (id >= this.#nextId) this.#nextId = id + 1;
    }
  }

  /** Adds before it returns: faiss-node has no asynchronous addition that is safe beside a search. */
  async addAsync(vectors: Float32Array, ids?: Int32Array, options: IndexCallOptions = {}): Promise<void> {
    checkOptions(options, ["signal"]);
    options.signal?.throwIfAborted();
    this.add(vectors, ids);
  }

  search(queries: Float32Array, k: number): SearchResult {
    const rows = checkRows("queries", queries, this.dimension);
    checkK(k);
    checkValues("queries", queries, this.dimension);
    const result = emptyResult(rows, k);
    for (let row = 0; row < rows; ++row) this.#searchRow(queries, row, result);
    return result;
  }

  async searchAsync(queries: Float32Array, k: number, options: IndexCallOptions = {}): Promise<SearchResult> {
    const rows = checkRows("queries", queries, this.dimension);
    checkK(k);
    checkOptions(options, ["signal"]);
    options.signal?.throwIfAborted();
    const copy = queries.slice();
    checkValues("queries", copy, this.dimension);
    const result = emptyResult(rows, k);
    for (let row = 0; row < rows; ++row) {
      await setImmediate();
      options.signal?.throwIfAborted();
      this.#searchRow(copy, row, result);
    }
    return result;
  }

  #searchRow(queries: Float32Array, row: number, { ids, similarities, k }: SearchResult): void {
    const wanted = Math.min(k, this.size); // faiss-node refuses a k beyond its size
    if (wanted === 0) return;
    const query = Array.from(queries.subarray(row * this.dimension, (row + 1) * this.dimension));
    const { distances, labels } = this.#faiss.search(query, wanted);
    const found = labels
      .map((label, i) => ({ id: this.#ids[label] ?? -1, similarity: distances[i] as number }))
      .filter(({ id }) => id >= 0) // a graph may reach fewer, and says -1
      .sort((a, b) => b.similarity - a.similarity || a.id - b.id);
    found.forEach(({ id, similarity }, i) => {
      ids[row * k + i] = id;
      similarities[row * k + i] = similarity;
    });
  }

  #checkedIds(rows: number, ids: Int32Array | undefined): number[] {
    if (ids === undefined) {
      if (this.#nextId + rows > MOST_IDS)
        throw invalid("ids", "must be given: numbering on would pass 2^31 - 1");
      return Array.from({ length: rows }, (_, i) => this.#nextId + i);
    }
    const fresh = new Set<number>();
    ids.forEach((id, i) => {
      if (id < 0) throw invalid(`ids[${i}]`, `is ${id}; ids must be >= 0`);
      if (this.#used.has(id)) throw invalid(`ids[${i}]`, `is ${id}, which is in the index already`);
      if (fresh.has(id)) throw invalid(`ids[${i}]`, `is ${id}, which is in this call twice`);
      fresh.add(id);
    });
    return [...fresh];
  }
}

function emptyResult(rows: number, k: number): SearchResult {
  return {
    ids: new Int32Array(rows * k).fill(-1),
    similarities: new Float32Array(rows * k).fill(Number.NEGATIVE_INFINITY),
    k,
  };
}

function checkValues(argument: string, values: Float32Array, dimension: number): void {
  for (let row = 0; row < values.length / dimension; ++row) {
    let squares = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; ++i) squares += (values[i] as number) ** 2;
    if (!Number.isFinite(squares))
      throw invalid(argument, `row ${row} holds NaN or Infinity; every value must be finite`);
    if (Math.sqrt(squares) > LONGEST)
      throw invalid(argument, `row ${row} is longer than 1e19, where inner products overflow; normalise it`);
  }
}

async function importFaissNode(importer: (name: string) => Promise<unknown>): Promise<FaissNode> {
  let module: { default?: unknown };
  try {
    module = (await importer("faiss-node")) as { default?: unknown };
  } catch (cause) {
    throw missing(cause as Error & { code?: string });
  }
  const faiss = (module?.default ?? module) as Partial<FaissNode> | undefined; // a CommonJS package: all on its default export
  if (typeof faiss?.IndexFlatIP !== "function" || typeof faiss.Index?.fromFactory !== "function")
    throw missing(new Error("it has no IndexFlatIP and Index"));
  return faiss as FaissNode;
}

/** The two ways faiss-node is missing: not installed, or installed while its install script was not allowed to run. */
function missing(cause: Error & { code?: string }): OmniRouterError {
  const absent = cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND";
  const message = absent
    ? "FaissNodeIndex needs the package faiss-node, which is not installed. Install it with: npm install faiss-node. " +
      "Or use VectorIndex, which needs nothing more."
    : cause.message.includes("Could not locate the bindings file")
      ? "FaissNodeIndex found the package faiss-node without its native binary: its install script did not run, or " +
        "failed (npm 12 blocks such scripts). Run: npm install-scripts approve faiss-node && npm rebuild faiss-node. " +
        "Or use VectorIndex, which needs nothing more."
      : `FaissNodeIndex could not load the package faiss-node: ${cause.message}`;
  return new OmniRouterError("ERR_OMNI_MISSING_DEPENDENCY", message, { cause });
}
