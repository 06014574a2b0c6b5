import { invalid } from "../errors.js";
import { show } from "../show.js";

/**
 * Turns texts into vectors whose inner products are cosines. Whatever has these members will do:
 * {@link TextEmbedder}, {@link OpenAIEmbedder}, {@link TransformersEmbedder}, or your own.
 */
export interface Embedder {
  /** Length of every vector. */
  readonly dimension: number;
  /** Names what was fitted or which model answers; vectors of different fingerprints are not comparable. */
  readonly fingerprint: string;
  /** `[texts.length x dimension]`, row-major; every row has unit length, or is zero where the text says nothing. */
  embed(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array>;
  /** The same at once; only embedders that compute in this process have it. */
  embedSync?(texts: readonly string[]): Float32Array;
}

/** Throws unless `embedder` has what an {@link Embedder} has. */
export function checkEmbedder(embedder: unknown, argument = "options.embedder"): void {
  const { dimension, fingerprint, embed } = (embedder ?? {}) as Partial<Embedder>;
  if (typeof embed !== "function" || !Number.isInteger(dimension) || typeof fingerprint !== "string")
    throw invalid(argument, `must be an Embedder: dimension, fingerprint and embed(), got ${show(embedder)}`);
}

/** Throws unless `texts` is an array of strings. */
export function checkTexts(texts: readonly string[], argument = "texts"): void {
  if (!Array.isArray(texts)) throw invalid(argument, "must be an array of strings");
  for (let i = 0; i < texts.length; i++)
    if (typeof texts[i] !== "string") throw invalid(`${argument}[${i}]`, "must be a string");
}

/**
 * Writes `vector` at unit length to `out`, from `offset`; a zero vector stays zero. In double precision, so that no
 * finite vector overflows. Returns false, with nothing written, if a component is not a finite number.
 */
export function writeNormalised(vector: ArrayLike<unknown>, out: Float32Array, offset: number): boolean {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const x = vector[i];
    if (typeof x !== "number" || !Number.isFinite(x)) return false;
    largest = Math.max(largest, Math.abs(x));
  }
  if (largest === 0) {
    out.fill(0, offset, offset + vector.length);
    return true;
  }
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += ((vector[i] as number) / largest) ** 2;
  const norm = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) out[offset + i] = (vector[i] as number) / largest / norm;
  return true;
}
