/** What an asynchronous call of an index may be given. */
export interface IndexCallOptions {
  /** Aborts the call, which then rejects with the signal's reason and has changed nothing. */
  signal?: AbortSignal;
}

/**
 * The nearest neighbours of a batch of queries, row-major `[queries x k]`: those of query `i` are at
 * `[i * k, (i + 1) * k)`, most similar first, equal similarities by lowest id. Where an index holds fewer than `k`
 * vectors, the rest of each row is id `-1` with similarity `-Infinity`.
 */
export interface SearchResult {
  /** The vectors' ids; -1 where there is none. */
  readonly ids: Int32Array;
  /** Inner products; cosine similarities if the vectors are of length 1. */
  readonly similarities: Float32Array;
  /** Neighbours asked for per query: the length of a row. */
  readonly k: number;
}

/**
 * An index of vectors by inner product. Vectors are rows of `dimension` floats, one after the other in a
 * `Float32Array`; they must be finite and no longer than 1e19, and may be zero.
 *
 * Every method throws, or rejects with, an OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` that names a bad argument and,
 * where there is one, the row of it.
 */
export interface Index {
  /** Length of its vectors. */
  readonly dimension: number;
  /** Number of vectors held. */
  readonly size: number;
  /**
   * Adds vectors, all or none. `ids` are whole numbers from 0 to 2^31 - 1 that the index does not hold yet; without
   * them the vectors are numbered on from the highest id, at first from 0.
   */
  add(vectors: Float32Array, ids?: Int32Array): void;
  /** The same without blocking. The arguments are copied before the call returns, so their buffers are free again. */
  addAsync(vectors: Float32Array, ids?: Int32Array, options?: IndexCallOptions): Promise<void>;
  /** The `k` nearest of each query. */
  search(queries: Float32Array, k: number): SearchResult;
  /** The same without blocking. The queries are copied before the call returns. */
  searchAsync(queries: Float32Array, k: number, options?: IndexCallOptions): Promise<SearchResult>;
}
