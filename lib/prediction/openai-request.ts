import { types } from "node:util";
import { OmniRouterError } from "../errors.js";
import { writeNormalised } from "./embedder.js";

/** Where and how to ask. */
export interface EmbeddingsEndpoint {
  readonly url: URL;
  readonly model: string;
  readonly apiKey: string | (() => string | Promise<string>) | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly dimensions: number | undefined;
  readonly timeoutMs: number;
}

/**
 * One request that failed; `transient` if the next may not, `refused` if one of its texts, or all of them together, may be
 * why. Its message holds no secret.
 */
export class RequestFailure extends Error {
  readonly transient: boolean;
  readonly refused: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: {
      transient: boolean;
      refused?: boolean;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.transient = options.transient;
    this.refused = options.refused ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** @param before what the message begins with */
  toPublic(before = ""): OmniRouterError {
    return new OmniRouterError("ERR_OMNI_EMBEDDER", before + this.message, { cause: this.cause });
  }
}

/**
 * One `POST /embeddings`: the texts' vectors at unit length, in the texts' order. `dimension` undefined accepts any
 * that is the same for all. Throws {@link RequestFailure}, or the signal's reason when aborted.
 */
export async function requestEmbeddings(
  endpoint: EmbeddingsEndpoint,
  texts: readonly string[],
  dimension: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const where = `${endpoint.url.origin}${endpoint.url.pathname} (model ${endpoint.model})`;
  const key = await apiKeyOf(endpoint, where);
  const hide = redactor([key, ...Object.values(endpoint.headers), endpoint.url.search.slice(1)]);
  const most = longestAnswer(texts.length, dimension);
  const { response, body } = await post(endpoint, texts, key, where, hide, most, signal);

  const { status } = response;
  if (status >= 300 && status < 400)
    throw new RequestFailure(
      `${where} answered ${status}, a redirect, which is not followed: give its target as baseURL`,
      { transient: false },
    );
  if (!response.ok) {
    // llama.cpp answers 500 to a text that is too long for it.
    const refused =
      REFUSALS.has(status) || (status >= 500 && /too (large|long|many)|context (size|length)/i.test(body));
    throw new RequestFailure(`${where} answered ${status}${excerpt(hide(body))}`, {
      transient: !refused && (status === 408 || status === 409 || status === 429 || status >= 500),
      refused,
      retryAfterMs: retryAfter(response.headers),
    });
  }
  const broken = (what: string) =>
    new RequestFailure(`${where} broke the embeddings contract: ${what}`, { transient: false });
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw broken(`the answer is not JSON${excerpt(hide(body))}`);
  }
  return vectorsOf(parsed, texts.length, dimension, broken);
}

async function apiKeyOf({ apiKey }: EmbeddingsEndpoint, where: string): Promise<string | undefined> {
  if (typeof apiKey !== "function") return apiKey;
  let key: unknown;
  try {
    key = await apiKey();
  } catch (cause) {
    throw new RequestFailure(`${where}: the apiKey function failed`, { transient: false, cause });
  }
  if (typeof key !== "string" || key === "")
    throw new RequestFailure(`${where}: the apiKey function gave no key`, { transient: false });
  return key;
}

async function post(
  endpoint: EmbeddingsEndpoint,
  texts: readonly string[],
  key: string | undefined,
  where: string,
  hide: (text: string) => string,
  mostBytes: number,
  signal: AbortSignal | undefined,
): Promise<{ response: Response; body: string }> {
  const { model, dimensions, timeoutMs } = endpoint;
  const headers = new Headers({ "content-type": "application/json", accept: "application/json" });
  try {
    for (const [name, value] of Object.entries(endpoint.headers)) headers.set(name, value);
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
  } catch {
    // The platform's message repeats the value.
    throw new RequestFailure(`${where}: apiKey or headers hold characters that no HTTP header may have`, {
      transient: false,
    });
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers,
      body: JSON.stringify({
        model,
        input: texts,
        encoding_format: "float",
        ...(dimensions === undefined ? {} : { dimensions }),
      }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      // Followed, a redirect would carry the caller's headers (Azure's api-key) to whatever host it names.
      redirect: "manual",
    });
    // Of what went wrong a page is enough.
    return response.ok
      ? { response, body: await textOf(response, mostBytes, where) }
      : { response, body: await textOf(response, ERROR_BYTES) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RequestFailure) throw error;
    if (timeout.aborted)
      throw new RequestFailure(`${where} did not answer within ${timeoutMs} ms`, { transient: true });
    // fetch says "fetch failed"; what failed (ECONNREFUSED, ENOTFOUND, ...) is in its cause.
    const { message, cause } = error as Error;
    const reason = types.isNativeError(cause)
      ? cause.message || (cause as NodeJS.ErrnoException).code
      : message;
    throw new RequestFailure(`${where} could not be reached: ${hide(String(reason))}`, { transient: true });
  }
}

/** Statuses with which endpoints refuse a text that is too long, or too many of them: OpenAI and vLLM, TEI, others. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);

const ERROR_BYTES = 64 << 10;

/** No model has longer vectors. */
const MAX_DIMENSION = 1 << 16;

/** A number as text, with blanks around it as where the answer is indented for people to read. */
const BYTES_PER_NUMBER = 64;

/** More than any honest answer takes, in bytes. */
function longestAnswer(texts: number, dimension = MAX_DIMENSION): number {
  return ERROR_BYTES + texts * (1024 + dimension * BYTES_PER_NUMBER);
}

/**
 * The body of an answer, of which no more is read than `mostBytes`.
 *
 * @param where given where a longer one is a failure; else its beginning is as good
 */
async function textOf(response: Response, mostBytes: number, where?: string): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels what is left.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= mostBytes) continue;
    if (where === undefined) break;
    throw new RequestFailure(
      `${where} broke the embeddings contract: its answer is longer than ${mostBytes} bytes, which is more than its vectors take`,
      { transient: false },
    );
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function vectorsOf(
  body: unknown,
  count: number,
  dimension: number | undefined,
  broken: (what: string) => Error,
): Float32Array[] {
  const data = (body as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw broken("the answer has no list named data");
  if (data.length !== count) throw broken(`${data.length} vectors for ${count} texts`);
  const vectors = new Array<Float32Array>(count);
  for (const [position, entry] of data.entries()) {
    const { index = position, embedding } = (entry ?? {}) as { index?: unknown; embedding?: unknown };
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count)
      throw broken(`data[${position}].index is not one of 0 to ${count - 1}`);
    if (vectors[index as number] !== undefined) throw broken(`two vectors have the index ${index}`);
    if (!Array.isArray(embedding)) throw broken(`data[${position}].embedding is not a list of numbers`);
    dimension ??= embedding.length;
    if (embedding.length !== dimension || dimension === 0)
      throw broken(
        `data[${position}].embedding has ${embedding.length} dimensions where ${dimension} are expected`,
      );
    const vector = new Float32Array(dimension);
    if (!writeNormalised(embedding, vector, 0))
      throw broken(`data[${position}].embedding holds something that is not a finite number`);
    vectors[index as number] = vector;
  }
  return vectors;
}

/** Milliseconds a `Retry-After` asks for: seconds or a date (RFC 9110, 10.2.3); `retry-after-ms` is Azure's. */
function retryAfter(headers: Headers): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (ms >= 0) return ms;
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = Number(value);
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  // Very short ones ("1", "en") are no secrets, and hiding them would garble the message.
  const hidden = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 6);
  return text => hidden.reduce((shown, secret) => shown.replaceAll(secret, "[hidden]"), text);
}

function excerpt(body: string): string {
  const text = body.replace(/\s+/g, " ").trim();
  return text === "" ? "" : `: ${text.length > 300 ? `${text.slice(0, 300)}...` : text}`;
}
