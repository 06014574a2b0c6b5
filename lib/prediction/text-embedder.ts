import { binding } from "../binding.js";
import { brand, isBranded } from "../brand.js";
import { invalid } from "../errors.js";
import { checkOptions } from "../options.js";
import { native, settle } from "../task.js";
import { checkArray, inThisRealm } from "../typed-arrays.js";
import type { TextEmbedderHandle } from "./binding.js";
import { checkTexts, type Embedder } from "./embedder.js";

/** How a {@link TextEmbedder} is fitted. */
export interface TextEmbedderOptions {
  /** Length of the vectors, 1 to 1024; fewer where the texts do not span as many directions. Default 256. */
  dimension?: number;
  /** Seed of the randomised decomposition, a whole number >= 0. Default 0. */
  seed?: number;
  /** Ends the fit, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The built-in features: latent semantic analysis of word and character n-grams, fitted on the history's own texts.
 * Needs no model and no network, embeds a query in tens of microseconds, and gives the same vectors for the same texts
 * and seed whatever the number of threads.
 *
 * Of a text longer than 64 KiB of UTF-8 the first and last 32 KiB are read. A text that shares nothing with those it
 * was fitted on has the zero vector.
 *
 * Method: sublinear tf-idf of 1- and 2-grams of words and 3- and 4-grams of characters, truncated SVD (Deerwester et
 * al. 1990; Halko, Martinsson and Tropp 2011), rows scaled to unit length.
 */
export class TextEmbedder implements Embedder {
  readonly dimension: number;
  readonly fingerprint: string;
  readonly #handle: TextEmbedderHandle;

  private constructor(handle: TextEmbedderHandle) {
    this.#handle = handle;
    const { dimension, fingerprint } = binding().textEmbedderInfo(handle);
    this.dimension = dimension;
    this.fingerprint = `text:${fingerprint.toString(16).padStart(16, "0")}:${dimension}`;
  }

  /**
   * Fits on `texts` (at least one). Of more than 16 MiB of text the n-grams are counted over all of it and the
   * decomposition sees a random sample, so that it takes seconds and about half a gigabyte at most beside the texts.
   *
   * @throws OmniRouterError ERR_OMNI_INVALID_ARGUMENT; the signal's reason when aborted.
   */
  static async fit(texts: readonly string[], options: TextEmbedderOptions = {}): Promise<TextEmbedder> {
    checkOptions(options, ["dimension", "seed", "signal"]);
    const { dimension = 256, seed = 0, signal } = options;
    checkTexts(texts);
    if (texts.length === 0) throw invalid("texts", "must hold at least one text to fit on");
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > 1024)
      throw invalid("dimension", "must be a whole number from 1 to 1024");
    if (!Number.isSafeInteger(seed) || seed < 0) throw invalid("seed", "must be a whole number >= 0");
    return new TextEmbedder(await settle(signal, () => binding().fitTextEmbedder(texts, dimension, seed)));
  }

  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    checkTexts(texts);
    checkOptions(options, ["signal"]);
    const embedded = await settle(options.signal, () => binding().embedTextsAsync(this.#handle, texts));
    return inThisRealm(embedded, Float32Array);
  }

  embedSync(texts: readonly string[]): Float32Array {
    return inThisRealm(
      native(() => binding().embedTexts(this.#handle, texts)),
      Float32Array,
    );
  }

  /**
   * What {@link embed} would give for each of the texts that this was fitted on, had it been fitted without that text. Right
   * after {@link fit} only: the saved form cannot tell.
   *
   * @internal
   */
  async embedHeldOut(
    texts: readonly string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Float32Array> {
    const embedded = await settle(options.signal, () =>
      binding().embedTextsHeldOutAsync(this.#handle, texts),
    );
    return inThisRealm(embedded, Float32Array);
  }

  /** The saved form: versioned, checksummed, the same on every platform. */
  toBytes(): Uint8Array {
    return inThisRealm(
      native(() => binding().textEmbedderToBytes(this.#handle)),
      Uint8Array,
    );
  }

  /**
   * The embedder that {@link toBytes} wrote down.
   *
   * @throws OmniRouterError `ERR_OMNI_CORRUPT`, or `ERR_OMNI_VERSION` for a newer or older format
   */
  static fromBytes(bytes: Uint8Array): TextEmbedder {
    checkArray(bytes, "Uint8Array", "bytes");
    return new TextEmbedder(native(() => binding().textEmbedderFromBytes(bytes)));
  }

  static {
    brand(TextEmbedder.prototype, "TextEmbedder");
  }

  /** @internal Whether the embedder is of this class, whichever copy's of this package. */
  static isBuiltIn(embedder: Embedder): embedder is TextEmbedder {
    return isBranded(embedder, "TextEmbedder");
  }

  /** @internal The same embedder as an object of this class, where it is one of another copy of this package. */
  static own(embedder: Embedder): Embedder {
    if (embedder instanceof TextEmbedder || !TextEmbedder.isBuiltIn(embedder)) return embedder;
    return TextEmbedder.fromBytes((embedder as TextEmbedder).toBytes());
  }
}
