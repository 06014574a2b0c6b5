import { setTimeout as sleep } from "node:timers/promises";
import pRetry, { AbortError } from "p-retry";
import { invalid } from "../errors.js";
import { checkTexts, type Embedder } from "./embedder.js";
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
  /** Texts per request. Default 128. */
  batchSize?: number;
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

/** A timer set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Embeddings from any endpoint that speaks OpenAI's `POST /v1/embeddings` (OpenAI, Azure, vLLM, TEI, Ollama,
 * llama.cpp, LiteLLM, ...). Texts that are empty or blank are not sent, which many endpoints refuse: their vectors are
 * zero.
 *
 * The fingerprint names the model and the dimension, not the endpoint: the same model may be served elsewhere tomorrow.
 */
export class OpenAIEmbedder implements Embedder {
  readonly dimension: number;
  readonly fingerprint: string;
  readonly #endpoint: EmbeddingsEndpoint;
  readonly #batchSize: number;
  readonly #concurrency: number;
  readonly #retries: number;
  readonly #retryDelayMs: number;
  readonly #maxRetryDelayMs: number;

  /** For a known vector length, without any request; see {@link OpenAIEmbedder.connect} for an unknown one. */
  constructor(options: OpenAIEmbedderOptions) {
    if (typeof options?.model !== "string" || options.model === "")
      throw invalid("model", "must be a model's name");
    const { dimensions, apiKey, headers = {} } = options;
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
    this.#batchSize = whole("batchSize", options.batchSize ?? 128, 1);
    this.#concurrency = whole("concurrency", options.concurrency ?? 4, 1);
    this.#retries = whole("retries", options.retries ?? 5, 0);
    this.#retryDelayMs = whole("retryDelayMs", options.retryDelayMs ?? 500, 0, MAX_TIMER_MS);
    this.#maxRetryDelayMs = whole("maxRetryDelayMs", options.maxRetryDelayMs ?? 60_000, 0, MAX_TIMER_MS);
    this.fingerprint = `openai:${options.model}:${this.dimension}`;
  }

  /** Embeds one word to learn the length of the model's vectors, unless the options say it. */
  static async connect(options: OpenAIEmbedderOptions & { signal?: AbortSignal }): Promise<OpenAIEmbedder> {
    if (options.dimension !== undefined || options.dimensions !== undefined)
      return new OpenAIEmbedder(options);
    const probe = new OpenAIEmbedder({ ...options, dimension: 1 });
    try {
      const [vector] = await probe.#request(["dimension"], options.signal, undefined);
      return new OpenAIEmbedder({ ...options, dimension: vector!.length });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  }

  /**
   * @throws OmniRouterError ERR_OMNI_EMBEDDER when the endpoint keeps failing, refuses, or breaks its contract (count,
   * order, dimension, finite numbers); the signal's reason when aborted. Nothing is returned in part.
   */
  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    checkTexts(texts);
    options.signal?.throwIfAborted();
    const sent: number[] = [];
    for (const [i, text] of texts.entries()) if (text.trim() !== "") sent.push(i);
    const batches: number[][] = [];
    for (let i = 0; i < sent.length; i += this.#batchSize) batches.push(sent.slice(i, i + this.#batchSize));

    const result = new Float32Array(texts.length * this.dimension);
    const failed = new AbortController(); // one batch's failure stops the others
    const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
    let next = 0;
    const work = async () => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
        const rows = batch;
        const vectors = await this.#request(
          rows.map(row => texts[row]!),
          signal,
          this.dimension,
        );
        for (const [i, row] of rows.entries()) result.set(vectors[i]!, row * this.dimension);
      }
    };
    const workers = Array.from({ length: Math.min(this.#concurrency, batches.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(workers);
      options.signal?.throwIfAborted();
      throw error;
    }
    return result;
  }

  #request(texts: readonly string[], signal: AbortSignal | undefined, dimension: number | undefined) {
    return pRetry(
      async () => {
        try {
          return await requestEmbeddings(this.#endpoint, texts, dimension, signal);
        } catch (error) {
          if (error instanceof RequestFailure && !error.transient) throw new AbortError(error.toPublic());
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
          if (retriesLeft === 0 || wait > this.#maxRetryDelayMs) throw error.toPublic();
          // On top of which comes the backoff, whose randomness keeps many clients from returning at once.
          await sleep(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
        },
      },
    );
  }
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
  if (!URL.canParse(baseURL)) throw invalid("baseURL", "must be an absolute URL");
  const url = new URL(baseURL);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("baseURL", "must be an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw invalid("baseURL", "must not hold a user name or password: use apiKey or headers");
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/embeddings`;
  return url;
}
