import { brand, isBranded } from "../brand.js";
import { invalid, OmniRouterError } from "../errors.js";
import { show } from "../show.js";
import { checkArray } from "../typed-arrays.js";
import { checkTexts } from "./embedder.js";

/** English prose in the tokenizers of today's models; used only where the history knows no input tokens at all. */
const BYTES_PER_TOKEN = 4;
/** Pairs grow as its square: 512 give 131 thousand slopes. */
const MOST_POINTS = 512;

/**
 * Estimates what a query will be billed as input, from its length: `tokensPerText + tokensPerByte * (bytes of UTF-8)`.
 *
 * The constant is what every call adds (a system prompt, an instruction), the slope is the tokenizer's. Fitted by the
 * median of pairwise slopes (Theil 1950, Sen 1968), which a few odd records cannot move. Without any known token count
 * it is four bytes per token.
 */
export class InputTokenEstimator {
  /** What every call adds, in tokens. */
  readonly tokensPerText: number;
  /** Tokens per byte of UTF-8. */
  readonly tokensPerByte: number;

  private constructor(tokensPerText: number, tokensPerByte: number) {
    this.tokensPerText = tokensPerText;
    this.tokensPerByte = tokensPerByte;
  }

  /**
   * Fits both numbers on texts whose tokens are known.
   *
   * @param inputTokens one for each text; NaN = unknown
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for another number of them than of texts
   */
  static fit(texts: readonly string[], inputTokens: Float32Array): InputTokenEstimator {
    checkTexts(texts);
    checkTokens(inputTokens, texts);
    const known: { bytes: number; tokens: number }[] = [];
    for (const [i, text] of texts.entries()) {
      const tokens = inputTokens[i]!;
      if (Number.isFinite(tokens) && tokens >= 0) known.push({ bytes: Buffer.byteLength(text), tokens });
    }
    if (known.length === 0) return new InputTokenEstimator(0, 1 / BYTES_PER_TOKEN);

    // Evenly spaced by length, so that the sample spans every length there is.
    known.sort((a, b) => a.bytes - b.bytes || a.tokens - b.tokens);
    const count = Math.min(known.length, MOST_POINTS);
    const points = Array.from(
      { length: count },
      (_, i) => known[Math.floor((i * (known.length - 1)) / Math.max(count - 1, 1))]!,
    );
    const slopes: number[] = [];
    for (const [i, a] of points.entries())
      for (const b of points.slice(i + 1))
        if (b.bytes > a.bytes) slopes.push((b.tokens - a.tokens) / (b.bytes - a.bytes));
    // A single length says nothing about a slope: then all is put down to the bytes.
    if (slopes.length === 0) {
      const ratio = median(points.map(p => (p.bytes > 0 ? p.tokens / p.bytes : 0)));
      return ratio > 0
        ? new InputTokenEstimator(0, ratio)
        : new InputTokenEstimator(median(points.map(p => p.tokens)), 0);
    }
    const slope = Math.max(0, median(slopes));
    const constant = Math.max(0, median(points.map(p => p.tokens - slope * p.bytes)));
    return new InputTokenEstimator(constant, slope);
  }

  /** Tokens of each text. */
  estimate(texts: readonly string[]): Float32Array {
    return Float32Array.from(
      texts,
      text => this.tokensPerText + this.tokensPerByte * Buffer.byteLength(text),
    );
  }

  /**
   * `inputTokens` with estimates where they are NaN.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for another number of them than of texts
   */
  complete(texts: readonly string[], inputTokens: Float32Array): Float32Array {
    checkTokens(inputTokens, texts);
    const estimates = this.estimate(texts);
    return inputTokens.map((known, row) => (Number.isNaN(known) ? estimates[row]! : known));
  }

  static {
    brand(InputTokenEstimator.prototype, "InputTokenEstimator");
  }

  /** @internal The same estimator as an object of this class, where it is one of another copy of this package. */
  static own(tokens: unknown, argument: string): InputTokenEstimator {
    if (tokens instanceof InputTokenEstimator) return tokens;
    if (!isBranded(tokens, "InputTokenEstimator"))
      throw invalid(argument, `must be an InputTokenEstimator, got ${show(tokens)}`);
    return InputTokenEstimator.fromJSON((tokens as InputTokenEstimator).toJSON());
  }

  /** A plain object that {@link fromJSON} reads. */
  toJSON(): Pick<InputTokenEstimator, "tokensPerText" | "tokensPerByte"> {
    return { tokensPerText: this.tokensPerText, tokensPerByte: this.tokensPerByte };
  }

  /**
   * The estimator that {@link toJSON} wrote down.
   *
   * @throws OmniRouterError `ERR_OMNI_CORRUPT` for anything else
   */
  static fromJSON(value: unknown): InputTokenEstimator {
    const { tokensPerText, tokensPerByte } = (value ?? {}) as Record<string, unknown>;
    for (const x of [tokensPerText, tokensPerByte])
      if (typeof x !== "number" || !Number.isFinite(x) || x < 0)
        throw new OmniRouterError(
          "ERR_OMNI_CORRUPT",
          "a saved input token estimator needs tokensPerText and tokensPerByte, finite numbers >= 0",
        );
    return new InputTokenEstimator(tokensPerText as number, tokensPerByte as number);
  }
}

function checkTokens(inputTokens: unknown, texts: readonly string[]): asserts inputTokens is Float32Array {
  checkArray(inputTokens, "Float32Array", "inputTokens");
  if (inputTokens.length !== texts.length)
    throw invalid("inputTokens", `has ${inputTokens.length} elements for ${texts.length} texts`);
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
