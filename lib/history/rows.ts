import { isUtf8 } from "node:buffer";
import { type ErrorCode, OmniRouterError } from "../errors.js";
import { errnoCode, ioError } from "../files.js";
import { show } from "../show.js";
import { CsvDamage, readCsv } from "./csv.js";
import { csvHeader } from "./csv-header.js";
import { readDocument } from "./document.js";
import { parseJson } from "./json.js";
import { type Line, splitLines } from "./lines.js";
import { Problem } from "./problem.js";
import { InflationError, type Input, isBytes, plainBytes } from "./source.js";

/** A prompt of a million tokens takes some 4 MiB. A longer line is no record, and would only eat memory. */
const MAX_LINE_BYTES = 16 << 20;

/** Enough for the names of a table's columns. */
const MAX_PEEK_BYTES = 1 << 20;

/** One row as it was found: a parsed value, or why it is none. */
export interface Row {
  /** As `Place` counts it. */
  readonly line: number;
  readonly value: unknown | Problem;
}

/** What errors call a source, and of which code they are. */
export interface Named {
  /** With its article: "the history". */
  readonly what: string;
  readonly code: ErrorCode;
}

/** What bytes may hold besides JSON Lines. */
export interface Containers {
  /** Whether a file whose first line names these columns is CSV. */
  readonly isCsv: (columns: readonly string[]) => boolean;
  /** The rows that a JSON value stands for, where it is not itself one. */
  readonly rowsIn: (value: unknown) => readonly unknown[] | undefined;
}

/**
 * The rows of one input, in batches, some of them empty for the sake of progress; its failures in our words, with the
 * last line that was read whole. Without `containers` bytes are JSON Lines.
 */
export async function* findRows(
  input: Input,
  named: Named,
  containers: Containers | undefined,
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void,
): AsyncGenerator<Row[]> {
  let line = 0;
  const items = iterate(input.open());
  try {
    const first = await items.next();
    if (first.done) return;
    const all = (async function* () {
      yield first.value;
      yield* items;
    })();
    const batches = isBytes(first.value)
      ? rowsOfBytes(plainBytes(all, onBytes), containers)
      : rowsOfValues(all, containers);
    for await (const batch of batches) {
      signal?.throwIfAborted();
      line = batch.at(-1)?.line ?? line;
      yield batch;
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw failure(error, named, input.name, line);
  } finally {
    // Whoever stops early closes the file.
    await items.return(undefined);
  }
}

async function* iterate(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  yield* items;
}

async function* rowsOfValues(
  values: AsyncIterable<unknown>,
  containers: Containers | undefined,
): AsyncGenerator<Row[]> {
  let line = 0;
  for await (const value of values) {
    line++;
    yield rowsIn(value, containers).map(row => ({ line, value: row }));
  }
}

function rowsIn(value: unknown, containers: Containers | undefined): readonly unknown[] {
  return containers?.rowsIn(value) ?? [value];
}

async function* rowsOfBytes(
  chunks: AsyncIterable<Buffer>,
  containers: Containers | undefined,
): AsyncGenerator<Row[]> {
  if (containers === undefined) {
    yield* rowsOfLines(chunks, containers);
    return;
  }
  const { start, whole } = await peekLine(chunks);
  const header = csvHeader(start);
  if (start.startsWith("[") || start.trimEnd() === "{") yield* rowsOfDocument(whole, containers);
  else if (header !== undefined && containers.isCsv(header.columns))
    yield* readCsv(whole, header.delimiter, MAX_LINE_BYTES);
  else yield* rowsOfLines(whole, containers);
}

/**
 * The first line that is not blank, without its byte order mark and the blanks before it, and the chunks as if none had
 * been taken. Of a long line, or one that begins an array, only as much as tells.
 */
async function peekLine(
  chunks: AsyncIterable<Buffer>,
): Promise<{ start: string; whole: AsyncGenerator<Buffer> }> {
  const taken: Buffer[] = [];
  const rest = chunks[Symbol.asyncIterator]();
  let start = "";
  for (let bytes = 0; bytes < MAX_PEEK_BYTES; ) {
    const next = await rest.next();
    if (next.done) break;
    taken.push(next.value);
    bytes += next.value.length;
    start = (start + next.value.toString("latin1")).replace(/^(\xef\xbb\xbf)?\s+|^\xef\xbb\xbf/, "");
    if (start.startsWith("[")) break;
    const end = start.indexOf("\n");
    if (end !== -1) {
      start = start.slice(0, end);
      break;
    }
  }
  const whole = (async function* () {
    try {
      yield* taken;
      for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  })();
  return { start, whole };
}

async function* rowsOfDocument(chunks: AsyncIterable<Buffer>, containers: Containers): AsyncGenerator<Row[]> {
  for await (const read of readDocument(chunks)) {
    if (read === undefined) yield [];
    else if (read instanceof Problem) yield [{ line: 1, value: read }];
    else {
      const values = Array.isArray(read.value)
        ? read.value.flatMap(value => rowsIn(value, containers))
        : rowsIn(read.value, containers);
      yield values.map((value, index) => ({ line: index + 1, value }));
    }
  }
}

async function* rowsOfLines(
  chunks: AsyncIterable<Buffer>,
  containers: Containers | undefined,
): AsyncGenerator<Row[]> {
  for await (const lines of splitLines(chunks, MAX_LINE_BYTES)) {
    const batch: Row[] = [];
    for (const line of lines) {
      const value = parseLine(line, containers !== undefined);
      if (value === undefined) continue;
      for (const row of value instanceof Problem ? [value] : rowsIn(value, containers))
        batch.push({ line: line.number, value: row });
    }
    yield batch;
  }
}

/** `undefined` for a blank line, which no JSON value is. */
function parseLine({ number, bytes }: Line, mayBeOther: boolean): unknown | Problem {
  if (bytes === undefined) return new Problem(`is longer than ${MAX_LINE_BYTES >> 20} MiB: not a record`);
  if (!isUtf8(bytes)) return new Problem("is not UTF-8 text");
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  if (text.trim() === "") return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    if (number !== 1) return new Problem(`is not JSON: ${(error as Error).message}`, "is not JSON");
    const columns = mayBeOther ? csvHeader(text)?.columns : undefined;
    if (columns !== undefined && !/["{[]/.test(text.trim()[0]!))
      return new Problem(
        `is neither JSON nor a line of columns that are known, and was read as ${columns.length} columns, ${columns.slice(0, 8).map(show).join(", ")}: a CSV has query, model and quality, or is RouterBench's`,
        "is not JSON",
      );
    const other = mayBeOther ? ", or be one JSON array or a CSV" : "";
    return new Problem(
      `is not JSON: ${(error as Error).message}; the file must hold one whole JSON object a line${other}`,
      "is not JSON",
    );
  }
}

export function badInput(
  { code }: Named,
  name: string,
  line: number,
  reason: string,
  cause?: unknown,
): OmniRouterError {
  return new OmniRouterError(code, `${name}:${line}: ${reason}`, {
    argument: "source",
    ...(cause === undefined ? {} : { cause }),
  });
}

function failure(error: unknown, named: Named, name: string, line: number): unknown {
  if (error instanceof OmniRouterError) return error;
  if (error instanceof CsvDamage) return badInput(named, name, error.line, error.message, error.cause);
  if (error instanceof InflationError) return badInput(named, name, line, error.message);
  const code = errnoCode(error);
  if (code === "Z_BUF_ERROR")
    return badInput(
      named,
      name,
      line,
      "the gzip stream is cut short after this line: its end is missing",
      error,
    );
  if (code?.startsWith("Z_"))
    return badInput(
      named,
      name,
      line,
      `the gzip stream is damaged after this line: ${(error as Error).message}`,
      error,
    );
  return ioError(`read ${named.what}`, name, error);
}
