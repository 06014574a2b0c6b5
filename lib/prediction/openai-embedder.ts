import { setTimeout as sleep } from "node:timers/promises";
import pRetry, { AbortError } from "p-retry";
import { invalid, OmniRouterError } from "../errors.js";
import { checkObject } from "../keys.js";
import { checkOptions } from "../options.js";
import { show } from "../show.js";
import { checkTexts, type Embedder } from "./embedder.js";
import {
  type EndpointLimits,
  isSurelyTooLong,
  packed,
  type SentText,
  sentText,
  shortened,
} from "./openai-batches.js";
import { type EmbeddingsEndpoint, RequestFailure, requestEmbeddings } from "./openai-request.js";

/** Which endpoint is asked, for what, and how patiently. */
export interface OpenAIEmbedderOptions {
  /** Name of the model, as the endpoint knows it. */
  model: string;
  /** The API's root; `/embeddings` is appended to its path. Default `https://api.openai.com/v1`. */
  baseURL?: string;
  /** Sent as a bearer token; a function is asked before every request. Never part of an error message. */
  apiKey?: string | (() => string | Promise<string>);
  /** Further request headers. Like the key, they go to `baseURL` alone: redirects are refused. */
  headers?: Readonly<Record<string, string>>;
  /** Asks the endpoint for vectors of this length (its `dimensions` field); not every model can. */
  dimensions?: number;
  /** Length of the model's vectors, where it is known and `dimensions` is not asked for. */
  dimension?: number;
  /** Texts per request at most. Default 128. */
  batchSize?: number;
  /** Tokens that the model takes of one text. Default 8,192, as OpenAI's models do. */
  maxTokensPerText?: number;
  /** Tokens that the endpoint takes in one request. Default 300,000, as OpenAI's does. */
  maxTokensPerRequest?: number;
  /**
   * What becomes of a text that is too long: `"cut"` (default) sends its beginning and its end, half of what fits each;
   * `"error"` rejects.
   */
  longTexts?: "cut" | "error";
  /**
   * Told of every text that was cut, and of every text that the endpoint refuses whatever its length, whose vector is
   * then zero: such a text is predicted from what the pool does on the whole. Without it a refused text rejects, naming
   * its place, and nothing is told of cuts.
   */
  onTextProblem?: (problem: TextProblem) => void;
  /** Requests under way at once. Default 4. */
  concurrency?: number;
  /** For each request, in milliseconds. Default 30 000. */
  timeoutMs?: number;
  /** After network failures, timeouts and statuses 408, 409, 429 and 5xx. Default 5. */
  retries?: number;
  /** Before the first retry, in milliseconds; doubles each time, and up to twice as much at random. Default 500. */
  retryDelayMs?: number;
  /** No wait is longer, in milliseconds; an endpoint whose Retry-After asks for more has failed. Default 60 000. */
  maxRetryDelayMs?: number;
}

/** A text that was not embedded as it is. */
export interface TextProblem {
  /** Its place among the texts of the call. */
  readonly index: number;
  /** Whether its beginning and end were embedded, or nothing of it. */
  readonly kind: "cut" | "refused";
  /** In words: how much was left, or what the endpoint said. */
  readonly reason: string;
}

const OPTIONS = [
  "model",
  "baseURL",
  "apiKey",
  "headers",
  "dimensions",
  "dimension",
  "batchSize",
  "maxTokensPerText",
  "maxTokensPerRequest",
  "longTexts",
  "onTextProblem",
  "concurrency",
  "timeoutMs",
  "retries",
  "retryDelayMs",
  "maxRetryDelayMs",
];

/** A timer set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Embeddings from any endpoint that speaks OpenAI's `POST /v1/embeddings` (OpenAI, Azure, vLLM, TEI, Ollama,
 * llama.cpp, LiteLLM, ...). Texts that are empty or blank are not sent, which many endpoints refuse: their vectors are
 * zero.
 *
 * Requests are packed within the endpoint's limits by the bytes of the texts, as only the endpoint can count its tokens. One
 * that it refuses all the same (400, 413, 422) is sent again in halves, until the text is found that is why; that is cut to
 * 4 bytes a token of the limit, then by half as often as it takes (`longTexts`). So no text spoils the others of its batch.
 *
 * The fingerprint names the model and the dimension, not the endpoint: the same model may be served elsewhere tomorrow.
 */
export class OpenAIEmbedder implements Embedder {
  readonly dimension: number;
  readonly fingerprint: string;
  readonly #endpoint: EmbeddingsEndpoint;
  readonly #limits: EndpointLimits;
  readonly #longTexts: "cut" | "error";
  readonly #onTextProblem: ((problem: TextProblem) => void) | undefined;
  readonly #concurrency: number;
  readonly #retries: number;
  readonly #retryDelayMs: number;
  readonly #maxRetryDelayMs: number;

  /** For a known vector length, without any request; see {@link OpenAIEmbedder.connect} for an unknown one. */
  constructor(options: OpenAIEmbedderOptions) {
    checkOptions(options, OPTIONS);
    if (typeof options?.model !== "string" || options.model === "")
      throw invalid("model", "must be a model's name");
    const { dimensions, apiKey, headers = {} } = options;
    checkObject(headers, "headers");
    for (const [name, value] of Object.entries(headers))
      if (typeof value !== "string") throw invalid(`headers[${show(name)}]`, "must be text");
    if (dimensions !== undefined) whole("dimensions", dimensions, 1);
    if (options.dimension === undefined && dimensions === undefined)
      throw invalid(
        "dimension",
        "is needed: the length of the model's vectors (OpenAIEmbedder.connect asks for it)",
      );
    this.dimension = whole("dimension", options.dimension ?? dimensions, 1);
    if (dimensions !== undefined && dimensions !== this.dimension)
      throw invalid("dimension", "differs from dimensions, which the endpoint is asked for");
    if (apiKey !== undefined && typeof apiKey !== "function" && (typeof apiKey !== "string" || apiKey === ""))
      throw invalid("apiKey", "must be a string that is not empty, or a function that gives one");
    this.#endpoint = {
      url: embeddingsURL(options.baseURL ?? "https://api.openai.com/v1"),
      model: options.model,
      apiKey,
      headers,
      dimensions,
      timeoutMs: whole("timeoutMs", options.timeoutMs ?? 30_000, 1, MAX_TIMER_MS),
    };
    this.#limits = {
      texts: whole("batchSize", options.batchSize ?? 128, 1),
      tokensPerText: whole("maxTokensPerText", options.maxTokensPerText ?? 8192, 1),
      tokensPerRequest: whole("maxTokensPerRequest", options.maxTokensPerRequest ?? 300_000, 1),
    };
    const { longTexts = "cut" } = options;
    if (longTexts !== "cut" && longTexts !== "error")
      throw invalid("longTexts", `must be "cut" or "error", got ${show(longTexts)}`);
    this.#longTexts = longTexts;
    this.#onTextProblem = options.onTextProblem;
    this.#concurrency = whole("concurrency", options.concurrency ?? 4, 1);
    this.#retries = whole("retries", options.retries ?? 5, 0);
    this.#retryDelayMs = whole("retryDelayMs", options.retryDelayMs ?? 500, 0, MAX_TIMER_MS);
    this.#maxRetryDelayMs = whole("maxRetryDelayMs", options.maxRetryDelayMs ?? 60_000, 0, MAX_TIMER_MS);
    this.fingerprint = `openai:${options.model}:${this.dimension}`;
  }

  /** Embeds one word to learn the length of the model's vectors, unless the options say it. */
  static async connect(options: OpenAIEmbedderOptions & { signal?: AbortSignal }): Promise<OpenAIEmbedder> {
    checkOptions(options, [...OPTIONS, "signal"]);
    const { signal, ...rest } = options;
    if (rest.dimension !== undefined || rest.dimensions !== undefined) return new OpenAIEmbedder(rest);
    const probe = new OpenAIEmbedder({ ...rest, dimension: 1 });
    try {
      const [vector] = await probe.#request(["dimension"], signal, undefined);
      return new OpenAIEmbedder({ ...rest, dimension: vector!.length });
    } catch (error) {
      signal?.throwIfAborted();
      throw publicError(error);
    }
  }

  /**
   * @throws OmniRouterError ERR_OMNI_EMBEDDER when the endpoint keeps failing, refuses, or breaks its contract (count,
   * order, dimension, finite numbers), or refuses a text; the signal's reason when aborted. Nothing is returned in part.
   */
  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    checkTexts(texts);
    checkOptions(options, ["signal"]);
    options.signal?.throwIfAborted();
    const sent: SentText[] = [];
    for (const [row, text] of texts.entries())
      if (text.trim() !== "") sent.push(this.#asFarAsItFits(sentText(row, text)));
    const batches = packed(sent, this.#limits);

    const result = new Float32Array(texts.length * this.dimension);
    const failed = new AbortController(); // one batch's failure stops the others
    const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
    let next = 0;
    const work = async () => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++])
        await this.#fill(result, batch, texts, signal);
    };
    const workers = Array.from({ length: Math.min(this.#concurrency, batches.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(workers);
      options.signal?.throwIfAborted();
      throw publicError(error);
    }
    return result;
  }

  /** Puts the vectors of some texts in their rows; those that the endpoint refuses together are asked for in halves. */
  async #fill(
    result: Float32Array,
    batch: readonly SentText[],
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const sent = batch.map(({ text }) => text);
      const vectors = await this.#request(sent, signal, this.dimension);
      for (const [i, { row, text, bytes }] of batch.entries()) {
        result.set(vectors[i]!, row * this.dimension);
        if (text !== texts[row])
          this.#onTextProblem?.({
            index: row,
            kind: "cut",
            reason: `was cut to ${bytes} of ${Buffer.byteLength(texts[row]!)} bytes`,
          });
      }
    } catch (error) {
      if (!(error instanceof RequestFailure && error.refused)) throw error;
      if (batch.length > 1) {
        const half = batch.length >> 1;
        await this.#fill(result, batch.slice(0, half), texts, signal);
        await this.#fill(result, batch.slice(half), texts, signal);
        return;
      }
      const [one] = batch as [SentText];
      const shorter = this.#longTexts === "cut" ? shortened(one, this.#limits) : undefined;
      if (shorter !== undefined) await this.#fill(result, [shorter], texts, signal);
      else this.#refuse(one.row, error);
    }
  }

  #asFarAsItFits(sent: SentText): SentText {
    if (!isSurelyTooLong(sent, this.#limits)) return sent;
    const shorter = this.#longTexts === "cut" ? shortened(sent, this.#limits) : undefined;
    if (shorter !== undefined) return shorter;
    throw new OmniRouterError(
      "ERR_OMNI_EMBEDDER",
      `texts[${sent.row}] is too long for the model: ${sent.bytes} bytes are more than ${this.#limits.tokensPerText} tokens`,
    );
  }

  #refuse(index: number, failure: RequestFailure): void {
    if (this.#onTextProblem === undefined) throw failure.toPublic(`texts[${index}] is refused: `);
    this.#onTextProblem({ index, kind: "refused", reason: failure.message });
  }

  #request(texts: readonly string[], signal: AbortSignal | undefined, dimension: number | undefined) {
    return pRetry(
      async () => {
        try {
          return await requestEmbeddings(this.#endpoint, texts, dimension, signal);
        } catch (error) {
          if (error instanceof RequestFailure && !error.transient) throw new AbortError(error);
          throw error;
        }
      },
      {
        retries: this.#retries,
        minTimeout: this.#retryDelayMs,
        maxTimeout: this.#maxRetryDelayMs,
        randomize: true,
        ...(signal ? { signal } : {}),
        onFailedAttempt: async ({ error, retriesLeft }) => {
          if (!(error instanceof RequestFailure)) throw error;
          const wait = error.retryAfterMs ?? 0;
          if (retriesLeft === 0 || wait > this.#maxRetryDelayMs) throw error;
          // On top of which comes the backoff, whose randomness keeps many clients from returning at once.
          await sleep(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
        },
      },
    );
  }
}

function publicError(error: unknown): unknown {
  return error instanceof RequestFailure ? error.toPublic() : error;
}

function whole(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw invalid(
      name,
      most === Number.MAX_SAFE_INTEGER
        ? `must be a whole number >= ${least}`
        : `must be a whole number from ${least} to ${most}`,
    );
  return value as number;
}

function embeddingsURL(baseURL: string): URL {
  // The URL is not repeated in these sentences: it may carry a secret.
  if (typeof baseURL !== "string" || !URL.canParse(baseURL))
    throw invalid("baseURL", "must be an absolute URL");
  const url = new URL(baseURL);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("baseURL", "must be an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw invalid("baseURL", "must not hold a user name or password: use apiKey or headers");
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/embeddings`;
  return url;
}
