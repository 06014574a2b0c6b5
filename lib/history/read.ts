import { isUtf8 } from "node:buffer";
import { type ErrorCode, OmniRouterError } from "../errors.js";
import { errnoCode, ioError } from "../files.js";
import { splitLines } from "./lines.js";
import { type HistoryRecord, parseRecord } from "./record.js";
import { type HistorySource, type Input, inputsOf, isBytes, plainBytes } from "./source.js";

/** A prompt of a million tokens takes some 4 MiB. A longer line is no record, and would only eat memory. */
const MAX_LINE_BYTES = 16 << 20;

export interface ReadProgress {
  /** Records read so far. */
  readonly records: number;
  /** Bytes read so far, as they lie in the file (compressed, if it is); 0 for a source of objects. */
  readonly bytes: number;
  /** Bytes that there are to read, where the source is files. */
  readonly totalBytes?: number;
}

/** A record that cannot be used. */
export interface BadRecord {
  /** The file or stream. */
  readonly source: string;
  /** The line in it, or the number of the object in an iterable; counted from one. */
  readonly line: number;
  readonly reason: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Called after every chunk of input. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** `"error"` (default) rejects at the first bad record; a function is told of each, and the record is left out. */
  readonly onBadRecord?: "error" | ((bad: BadRecord) => void);
}

/** A kind of records: how one is checked, and what errors call a file of them. */
export interface RecordKind<R extends { readonly id: string }> {
  /** With its article: "the history". */
  readonly what: string;
  /** Of the error for a malformed record or file. */
  readonly code: ErrorCode;
  /** The record without what is null, or what is wrong with it; `fallbackId` stands in for a missing id. */
  readonly parse: (value: unknown, fallbackId: string) => R | string;
}

const HISTORY: RecordKind<HistoryRecord> = {
  what: "the history",
  code: "ERR_OMNI_INVALID_HISTORY",
  parse: parseRecord,
};

/** One record as it was found: parsed JSON, or why it is none. */
interface Found {
  readonly line: number;
  readonly value?: unknown;
  readonly problem?: string;
}

/**
 * Reads history records one by one: JSON Lines in UTF-8, plain or gzipped (told by the magic bytes), or objects.
 * Blank lines, byte order marks and carriage returns are passed over; keys it does not know are ignored; numbers that
 * are null are taken as missing. A record without an id is called after its place, `"1:17"` for line 17 of the
 * first file.
 *
 * Errors name file and line (`history.jsonl:17: query is missing`). A file that is cut short is an error even where
 * bad records are skipped: what it lost cannot be known.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_HISTORY` for a malformed record or file, or an id that occurs twice;
 *   `ERR_OMNI_IO` where the source cannot be read
 */
export function readRecords(source: HistorySource, options: ReadOptions = {}): AsyncGenerator<HistoryRecord> {
  return readRecordsOf(HISTORY, source, options);
}

/** {@link readRecords} for records of any kind. */
export async function* readRecordsOf<R extends { readonly id: string }>(
  kind: RecordKind<R>,
  source: HistorySource,
  options: ReadOptions = {},
): AsyncGenerator<R> {
  const { signal, onProgress, onBadRecord = "error" } = options;
  signal?.throwIfAborted();
  const inputs = await inputsOf(source, kind.what, signal);
  const totalBytes = inputs.reduce((sum, input) => sum + (input.bytes ?? Number.NaN), 0);
  const total = Number.isNaN(totalBytes) ? {} : { totalBytes };
  const places = new Map<string, { input: Input; line: number }>();
  let records = 0;
  let bytes = 0;
  for (const [ordinal, input] of inputs.entries()) {
    for await (const batch of find(input, kind, signal, count => (bytes += count))) {
      for (const { line, value, problem } of batch) {
        let record = problem ?? kind.parse(value, `${ordinal + 1}:${line}`);
        if (typeof record !== "string") {
          const first = places.get(record.id);
          if (first)
            record = `id ${JSON.stringify(record.id)} occurs twice, first at ${first.input.name}:${first.line}`;
        }
        if (typeof record !== "string") {
          places.set(record.id, { input, line });
          records++;
          yield record;
        } else if (onBadRecord === "error") throw badRecord(kind, input.name, line, record);
        else onBadRecord({ source: input.name, line, reason: record });
      }
      onProgress?.({ records, bytes, ...total });
    }
  }
  onProgress?.({ records, bytes, ...total });
}

type Named = Pick<RecordKind<never>, "what" | "code">;

/** What one input holds, in batches; its failures in our words, with the last line that was read whole. */
async function* find(
  input: Input,
  kind: Named,
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void,
): AsyncGenerator<Found[]> {
  let line = 0;
  const items = iterate(input.open());
  try {
    const first = await items.next();
    if (first.done) return;
    const all = (async function* () {
      yield first.value;
      yield* items;
    })();
    if (isBytes(first.value)) {
      for await (const batch of splitLines(plainBytes(all, onBytes), MAX_LINE_BYTES)) {
        signal?.throwIfAborted();
        line = batch.at(-1)!.number;
        yield batch.map(parseLine).filter(found => found !== undefined);
      }
    } else {
      for await (const value of all) {
        signal?.throwIfAborted();
        yield [{ line: ++line, value }];
      }
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw readFailure(error, kind, input.name, line);
  } finally {
    // Whoever stops early closes the file.
    await items.return(undefined);
  }
}

async function* iterate(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  yield* items;
}

function parseLine({
  number: line,
  bytes,
}: {
  number: number;
  bytes: Buffer | undefined;
}): Found | undefined {
  if (bytes === undefined)
    return { line, problem: `is longer than ${MAX_LINE_BYTES >> 20} MiB: not a record` };
  if (!isUtf8(bytes)) return { line, problem: "is not UTF-8 text" };
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  if (text.trim() === "") return undefined;
  try {
    return { line, value: JSON.parse(text) };
  } catch (error) {
    const hint = line === 1 ? "; the file must hold one whole JSON object a line" : "";
    return { line, problem: `is not JSON: ${(error as Error).message}${hint}` };
  }
}

function badRecord(
  { code }: Named,
  name: string,
  line: number,
  problem: string,
  cause?: unknown,
): OmniRouterError {
  return new OmniRouterError(code, `${name}:${line}: ${problem}`, {
    argument: "source",
    ...(cause === undefined ? {} : { cause }),
  });
}

function readFailure(error: unknown, kind: Named, name: string, line: number): unknown {
  if (error instanceof OmniRouterError) return error;
  const code = errnoCode(error);
  if (code === "Z_BUF_ERROR")
    return badRecord(
      kind,
      name,
      line,
      "the gzip stream is cut short after this line: its end is missing",
      error,
    );
  if (code?.startsWith("Z_"))
    return badRecord(
      kind,
      name,
      line,
      `the gzip stream is damaged after this line: ${(error as Error).message}`,
      error,
    );
  return ioError(`read ${kind.what}`, name, error);
}
