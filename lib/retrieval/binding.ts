import type { NativeTask } from "../task.js";
import type { SearchResult } from "./index.js";

/** native/bindings/retrieval.cc */
export interface NativeVectorIndex {
  dimension(): number;
  size(): number;
  hasGraph(): boolean;
  add(vectors: Float32Array, ids: Int32Array | undefined): void;
  addAsync(vectors: Float32Array, ids: Int32Array | undefined): NativeTask<void>;
  /** `among`: only so many of the first vectors are looked at; all unless given. */
  search(queries: Float32Array, k: number, among?: number): SearchResult;
  searchAsync(queries: Float32Array, k: number, among?: number): NativeTask<SearchResult>;
  /** Those that were added as these, counted from 0. */
  vectors(rows: Int32Array): Float32Array;
  settle(): NativeTask<void>;
  toBytes(): Uint8Array;
  toBytesAsync(): NativeTask<Uint8Array>;
  /** Replaces what the index holds, its dimension included. */
  fromBytes(bytes: Uint8Array): void;
  writeFile(descriptor: number): NativeTask<void>;
  readFile(descriptor: number): NativeTask<void>;
}

export interface RetrievalBinding {
  NativeVectorIndex: new (dimension: number, kind: string) => NativeVectorIndex;
}
