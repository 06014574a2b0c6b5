import { open } from "node:fs/promises";
import { writeAtomically } from "../atomic-file.js";
import { binding } from "../binding.js";
import { invalid, OmniRouterError } from "../errors.js";
import { ioError } from "../files.js";
import { checkOptions } from "../options.js";
import { native, settle } from "../task.js";
import { checkArray, inThisRealm } from "../typed-arrays.js";
import { checkDimension, checkIds, checkK, checkPath, checkRows } from "./arguments.js";
import type { NativeVectorIndex } from "./binding.js";
import type { Index, IndexCallOptions, SearchResult } from "./index.js";

/** How a {@link VectorIndex} searches. */
export interface VectorIndexOptions {
  /**
   * `"flat"` searches exactly. `"hnsw"` builds a graph (Malkov and Yashunin, arXiv 1603.09320) that finds nearly all
   * neighbours in a fraction of the time, for vectors of about equal length. `"auto"`, the default, is exact while that
   * is fast and moves to a graph as the index grows.
   */
  kind?: "auto" | "flat" | "hnsw";
}

/** What an index held at some moment, for searching. */
export type VectorSnapshot = Pick<Index, "dimension" | "size" | "search" | "searchAsync">;

/**
 * An index of vectors by inner product, in native code over FAISS.
 *
 * Any number of searches, additions and saves may be under way at once; a search sees one state of the index. A new
 * vector is found as soon as its addition is done. A graph is built in the background, off the event loop, while exact
 * search still serves; vectors it does not cover yet are searched exactly beside it. Once {@link settled}, answers
 * depend only on the vectors and their order: not on the number of threads, the CPU, the batch a query comes in, or how
 * the additions were split.
 */
export class VectorIndex implements Index {
  readonly #native: NativeVectorIndex;
  /** The last of the asynchronous additions under way. */
  #adding: Promise<void> | undefined;

  /**
   * An empty index.
   *
   * @param dimension length of its vectors, a whole number >= 1
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`
   */
  constructor(dimension: number, options: VectorIndexOptions = {}) {
    checkDimension(dimension);
    this.#native = native(() => new (binding().NativeVectorIndex)(dimension, checkKind(options)));
  }

  /** Length of every vector. */
  get dimension(): number {
    return this.#native.dimension();
  }

  /** Number of vectors held. */
  get size(): number {
    return this.#native.size();
  }

  /** What serves searches now: `"hnsw"` once a graph has been built. */
  get kind(): "flat" | "hnsw" {
    return this.#native.hasGraph() ? "hnsw" : "flat";
  }

  add(vectors: Float32Array, ids?: Int32Array): void {
    checkIds(ids, checkRows("vectors", vectors, this.dimension));
    native(() => this.#native.add(vectors, ids));
  }

  /** Asynchronous additions happen one after the other, in the order of the calls. */
  async addAsync(vectors: Float32Array, ids?: Int32Array, options: IndexCallOptions = {}): Promise<void> {
    checkIds(ids, checkRows("vectors", vectors, this.dimension));
    checkOptions(options, ["signal"]);
    const start = (v: Float32Array, i: Int32Array | undefined) =>
      settle(options.signal, () => this.#native.addAsync(v, i)); // which copies
    let done: Promise<void>;
    if (this.#adding === undefined) {
      done = start(vectors, ids);
    } else {
      const copies = [vectors.slice(), ids?.slice()] as const;
      done = this.#adding.then(() => start(...copies));
    }
    const over = done.catch(() => {});
    this.#adding = over;
    try {
      await done;
    } finally {
      if (this.#adding === over) this.#adding = undefined;
    }
  }

  search(queries: Float32Array, k: number): SearchResult {
    return searchNow(this.#native, queries, k);
  }

  async searchAsync(queries: Float32Array, k: number, options: IndexCallOptions = {}): Promise<SearchResult> {
    return searchLater(this.#native, queries, k, options);
  }

  /** Vectors that were added, `[rows.length x dimension]`; `rows` counts them from 0 in the order of their addition. */
  vectors(rows: Int32Array): Float32Array {
    checkArray(rows, "Int32Array", "rows");
    return inThisRealm(
      native(() => this.#native.vectors(rows)),
      Float32Array,
    );
  }

  /** The index as it is now, for searching: what is added later is not found in it. Costs nothing to make or keep. */
  snapshot(): VectorSnapshot {
    const handle = this.#native;
    const [dimension, size] = [this.dimension, this.size];
    return {
      dimension,
      size,
      search: (queries, k) => searchNow(handle, queries, k, size),
      searchAsync: async (queries, k, options = {}) => searchLater(handle, queries, k, options, size),
    };
  }

  /** Resolves when the graph, if there is to be one, has been built as far as it will be for these vectors. */
  async settled(options: IndexCallOptions = {}): Promise<void> {
    checkOptions(options, ["signal"]);
    return settle(options.signal, () => this.#native.settle());
  }

  /**
   * Saves the index in FAISS's own file format (an `IndexIDMap` over `IndexFlat` or `IndexHNSWFlat`), followed by a
   * checksum that FAISS passes over. A graph is saved if one serves already: await {@link settled} first to be sure.
   * @throws OmniRouterError `ERR_OMNI_IO` if the file cannot be written; what was there before is then still there.
   */
  async save(path: string, options: IndexCallOptions = {}): Promise<void> {
    checkPath(path);
    checkOptions(options, ["signal"]);
    options.signal?.throwIfAborted();
    await writeAtomically(path, file => settle(options.signal, () => this.#native.writeFile(file.fd)));
  }

  /**
   * Reads an index that {@link save} wrote, or that FAISS wrote of the same kind.
   * @throws OmniRouterError `ERR_OMNI_CORRUPT` if the file is truncated, altered or something else; `ERR_OMNI_IO` if it
   * cannot be read.
   */
  static async load(path: string, options: VectorIndexOptions & IndexCallOptions = {}): Promise<VectorIndex> {
    checkPath(path);
    checkOptions(options, ["kind", "signal"]);
    const { signal, ...rest } = options;
    const index = new VectorIndex(1, rest);
    signal?.throwIfAborted();
    const file = await open(path, "r").catch(cause => {
      throw ioError("read", path, cause);
    });
    try {
      await settle(signal, () => index.#native.readFile(file.fd));
    } catch (error) {
      throw error instanceof OmniRouterError && error.code === "ERR_OMNI_CORRUPT"
        ? inFile(path, error)
        : error;
    } finally {
      await file.close();
    }
    return index;
  }

  /** The bytes that {@link save} would write. */
  toBytes(): Uint8Array {
    return inThisRealm(
      native(() => this.#native.toBytes()),
      Uint8Array,
    );
  }

  /** The same without blocking. */
  async toBytesAsync(options: IndexCallOptions = {}): Promise<Uint8Array> {
    checkOptions(options, ["signal"]);
    return inThisRealm(await settle(options.signal, () => this.#native.toBytesAsync()), Uint8Array);
  }

  /** Reads what {@link toBytes} wrote. @throws OmniRouterError `ERR_OMNI_CORRUPT` as {@link load} does */
  static fromBytes(bytes: Uint8Array, options: VectorIndexOptions = {}): VectorIndex {
    checkArray(bytes, "Uint8Array", "bytes");
    const index = new VectorIndex(1, options);
    native(() => index.#native.fromBytes(bytes));
    return index;
  }
}

function searchNow(
  index: NativeVectorIndex,
  queries: Float32Array,
  k: number,
  ...among: [number?]
): SearchResult {
  checkRows("queries", queries, index.dimension());
  checkK(k);
  return resultInThisRealm(native(() => index.search(queries, k, ...among)));
}

async function searchLater(
  index: NativeVectorIndex,
  queries: Float32Array,
  k: number,
  options: IndexCallOptions,
  ...among: [number?]
): Promise<SearchResult> {
  checkOptions(options, ["signal"]);
  checkRows("queries", queries, index.dimension());
  checkK(k);
  return resultInThisRealm(await settle(options.signal, () => index.searchAsync(queries, k, ...among)));
}

function resultInThisRealm({ ids, similarities, k }: SearchResult): SearchResult {
  return { ids: inThisRealm(ids, Int32Array), similarities: inThisRealm(similarities, Float32Array), k };
}

function checkKind(options: VectorIndexOptions): string {
  checkOptions(options, ["kind"]);
  const { kind = "auto" } = options;
  if (kind !== "auto" && kind !== "flat" && kind !== "hnsw")
    throw invalid("options.kind", 'must be "auto", "flat" or "hnsw"');
  return kind;
}

function inFile(path: string, error: OmniRouterError): OmniRouterError {
  return new OmniRouterError(error.code, `${path}: ${error.message}`, { argument: "path", cause: error });
}
