import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal, pipeline, Readable } from "node:stream";
import { types } from "node:util";
import { createGunzip } from "node:zlib";
import { invalid } from "../errors.js";
import { ioError } from "../files.js";
import { isUrl, pathOf } from "../paths.js";
import { checkArray } from "../typed-arrays.js";

/**
 * Where records come from: the path or `file:` URL of a file, plain or gzipped, or an array of those; a stream or async
 * iterable of such a file's bytes or text; an iterable or async iterable of records as objects.
 */
export type HistorySource =
  | string
  | URL
  | readonly (string | URL)[]
  | Readable
  | AsyncIterable<string | Uint8Array | object>
  | Iterable<object>;

/** One file, stream or iterable of a source. */
export interface Input {
  /** What errors call it. */
  readonly name: string;
  /** Size in bytes on disk, where it is a file. */
  readonly bytes?: number;
  open(): AsyncIterable<unknown> | Iterable<unknown>;
}

/** `what` is what is read, for errors: "the history". */
export async function inputsOf(
  source: HistorySource,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Input[]> {
  if (isPath(source)) return [await fileInput(source, what)];
  if (Array.isArray(source) && source.length > 0 && source.every(isPath))
    return await Promise.all(source.map(path => fileInput(path, what)));
  if (source instanceof Readable) {
    const path = (source as { path?: unknown }).path;
    const open = () => (signal ? addAbortSignal(signal, source) : source);
    return [{ name: typeof path === "string" ? path : "input", open }];
  }
  const iterable = typeof source === "object" && source !== null && !types.isUint8Array(source);
  if (iterable && Symbol.asyncIterator in source) {
    const items = source as AsyncIterable<unknown>;
    return [{ name: "input", open: () => (signal ? untilAborted(items, signal) : items) }];
  }
  if (iterable && Symbol.iterator in source)
    return [{ name: "input", open: () => source as Iterable<unknown> }];
  throw invalid("source", "must be a path, a URL, an array of paths, a stream, or an iterable of records");
}

function isPath(source: unknown): source is string | URL {
  return typeof source === "string" || isUrl(source);
}

async function fileInput(path: string | URL, what: string): Promise<Input> {
  const name = pathOf(path, "source");
  try {
    const { size } = await stat(name);
    return { name, bytes: size, open: () => createReadStream(name, { highWaterMark: 1 << 18 }) };
  } catch (cause) {
    throw ioError(`read ${what}`, name, cause);
  }
}

/** Passes items on until the signal aborts, which it also does while the next item is awaited: it may never come. */
async function* untilAborted(items: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  // One listener for all items, and no promise that outlives one of them: a race with a lasting one would keep all.
  let interrupt: (reason: unknown) => void = () => {};
  const onAbort = () => interrupt(signal.reason);
  signal.addEventListener("abort", onAbort);
  let open = true;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
        interrupt = reject;
        const failed = (error: unknown) => {
          open = false;
          reject(error);
        };
        iterator.next().then(resolve, failed);
      });
      if (next.done) {
        open = false;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // A generator closes only when its pending item has come, so an abort must not wait for that.
    const closed = open ? iterator.return?.() : undefined;
    if (signal.aborted) closed?.catch(() => {});
    else await closed;
  }
}

export function isBytes(item: unknown): item is string | Uint8Array {
  return typeof item === "string" || types.isUint8Array(item);
}

/** Gzip can make a thousand bytes of one; records, however alike, come to some ten or twenty, and logs of one line to fewer than this. */
const MAX_INFLATION = 250;

/** What may be inflated whatever it was: it is soon read. */
const FREE_BYTES = 16 << 20;

/** What is no file of records, but made to cost time. */
export class InflationError extends Error {}

/** The text of an input: gunzipped where it starts with gzip's magic bytes, whatever it is called. */
export async function* plainBytes(
  chunks: AsyncIterable<unknown>,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  let packed = 0;
  const counted = (async function* () {
    for await (const chunk of chunks) {
      if (!isBytes(chunk)) throw invalid("source", "must not mix text with records");
      if (typeof chunk !== "string") checkArray(chunk, "Uint8Array", "source");
      const buffer =
        typeof chunk === "string"
          ? Buffer.from(chunk)
          : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      onBytes(buffer.length);
      packed += buffer.length;
      yield buffer;
    }
  })();
  // The magic bytes may come in two chunks.
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await counted.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const whole = (async function* () {
    yield head;
    yield* counted;
  })();
  if (head[0] === 0x1f && head[1] === 0x8b) {
    // Members after the first are read too; the pipeline passes errors on and closes both ends whatever happens.
    const plain = pipeline(
      Readable.from(whole, { objectMode: false }),
      createGunzip({ chunkSize: 1 << 18 }),
      () => {},
    );
    let bytes = 0;
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > FREE_BYTES && bytes > MAX_INFLATION * packed)
        throw new InflationError(
          `the gzip stream becomes more than ${MAX_INFLATION} times as long as it is: no text of records does`,
        );
      yield chunk;
    }
  } else yield* whole;
}
