import { pipeline, Readable } from "node:stream";
import { type CsvError, type Info, parse } from "csv-parse";
import { show } from "../show.js";
import type { Delimiter } from "./csv-header.js";
import { Problem } from "./problem.js";

/** One row of a CSV file by its columns' names, or what is wrong with it. */
export interface CsvRow {
  /** The line on which it starts, counted from one. */
  readonly line: number;
  readonly value: Readonly<Record<string, string>> | Problem;
}

/** What makes the rest of a file unreadable: where one row ends can no longer be told. */
export class CsvDamage extends Error {
  readonly line: number;

  constructor(line: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.line = line;
  }
}

/** Rows are handed on in batches of this many. */
const BATCH = 64;

/**
 * Rows of a CSV file (RFC 4180, with any of the delimiters: quotes doubled inside quotes, line breaks inside quotes, LF or CRLF), whose
 * first row names the columns. Rows that are too long, too short or blank do not end the reading; a quote out of place
 * does.
 */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  delimiter: Delimiter,
  limit: number,
): AsyncGenerator<CsvRow[]> {
  const lines = new LineCounter();
  /** Where the last row ends that the parser has read, which may be some rows ahead of the loop. */
  let end = 0;
  const parser = pipeline(
    Readable.from(utf8Only(chunks, lines), { objectMode: false }),
    parse({
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      record_delimiter: ["\r\n", "\n"],
      skip_empty_lines: true,
      max_record_size: limit,
      on_record: (fields: string[], { bytes }) => {
        end = bytes;
        return fields;
      },
    }),
    () => {},
  );
  let columns: readonly string[] | undefined;
  let batch: CsvRow[] = [];
  try {
    for await (const { record: fields, info } of parser as AsyncIterable<Parsed>) {
      const line = lines.lineAt(info.bytes) - fields.reduce((sum, field) => sum + lineFeeds(field), 0);
      if (fields.length === 1 && fields[0]!.trim() === "") continue;
      if (columns === undefined) columns = header(fields, line);
      else batch.push({ line, value: row(columns, fields) });
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    throw damage(error, end === 0 ? 1 : lines.lineAt(end) + 1, limit, lines.hasEscapedQuotes);
  }
  if (batch.length > 0) yield batch;
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

function header(fields: readonly string[], line: number): readonly string[] {
  const seen = new Set<string>();
  for (const name of fields) {
    if (seen.has(name)) throw new CsvDamage(line, `has two columns ${show(name)}`);
    seen.add(name);
  }
  return fields;
}

function row(columns: readonly string[], fields: readonly string[]): Record<string, string> | Problem {
  if (fields.length !== columns.length)
    return new Problem(
      `has ${fields.length} fields for ${columns.length} columns`,
      "has another number of fields than there are columns",
    );
  // No prototype: a column may have any name.
  const value: Record<string, string> = Object.create(null);
  for (const [index, name] of columns.entries()) value[name] = fields[index]!;
  return value;
}

/** @param hasEscapedQuotes whether it may be a dialect and no damage */
function damage(error: unknown, line: number, limit: number, hasEscapedQuotes: boolean): unknown {
  const code = (error as Partial<CsvError> | null)?.code;
  if (hasEscapedQuotes && (code === "CSV_INVALID_CLOSING_QUOTE" || code === "CSV_QUOTE_NOT_CLOSED"))
    return new CsvDamage(
      line,
      'the row that starts here has quotes that are escaped by a backslash (\\"), which is another dialect of CSV: write them doubled ("")',
      error,
    );
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return new CsvDamage(
        line,
        "the row that starts here has a quote that is never closed: the file is cut short",
        error,
      );
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return new CsvDamage(
        line,
        "the row that starts here has a quote out of place, and what follows cannot be told into rows",
        error,
      );
    case "CSV_MAX_RECORD_SIZE":
      return new CsvDamage(
        line,
        `the row that starts here is longer than ${limit >> 20} MiB: a quote is missing`,
        error,
      );
    default:
      return error;
  }
}

/** The parser would put U+FFFD for what is not UTF-8, and nobody would know. */
async function* utf8Only(chunks: AsyncIterable<Buffer>, lines: LineCounter): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const check = (chunk?: Buffer) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new CsvDamage(lines.line, "this line or one soon after is not UTF-8 text", cause);
    }
  };
  for await (const chunk of chunks) {
    check(chunk);
    lines.add(chunk);
    yield chunk;
  }
  check();
}

/**
 * Tells lines from bytes. The parser counts lines itself, but takes a CRLF inside of quotes for two of them.
 */
class LineCounter {
  #bytes = 0;
  /** Offsets of the line feeds that {@link lineAt} has not yet passed. */
  #ahead: number[] = [];
  #passed = 0;
  /** Whether a quote stands after a backslash anywhere so far. */
  hasEscapedQuotes = false;

  add(chunk: Buffer): void {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1))
      this.#ahead.push(this.#bytes + at);
    this.#bytes += chunk.length;
    this.hasEscapedQuotes ||= chunk.includes('\\"');
  }

  /** The line that the next byte to be added stands on. */
  get line(): number {
    return this.#passed + this.#ahead.length + 1;
  }

  /** The line of the byte before `offset`, which never goes back from call to call. */
  lineAt(offset: number): number {
    let count = 0;
    while (count < this.#ahead.length && this.#ahead[count]! < offset - 1) count++;
    this.#ahead.splice(0, count);
    this.#passed += count;
    return this.#passed + 1;
  }
}

function lineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
