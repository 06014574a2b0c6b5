import { crc32 } from "node:zlib";
import { show } from "../../show.js";
import type { OneOutcome } from "../gathering.js";
import { Problem } from "../problem.js";
import type { OddKey } from "../unknown-keys.js";

/**
 * What records look like:
 *
 * - `omnirouter`: our own, see `HistoryRecord`; or a row for each answer, with `query`, `model`, `quality` and what else is
 *   known of it side by side, as JSON or CSV;
 * - `routerbench` (arXiv 2403.12031): its tables as pandas writes them, CSV or JSON, a row for each query or answer;
 * - `llmrouterbench` (arXiv 2601.07206): its result documents, one for each model and data set, all in one source;
 * - `aios`: the array of queries with `outputs` that the router of OmniRouter's authors reads (arXiv 2502.20576);
 * - `avengers-pro` (arXiv 2508.12631): lines with `records` and `usages`.
 *
 * The readers, one a file beside this one, say what of each format is read, and what it was verified against.
 */
export type HistoryFormat = "omnirouter" | "routerbench" | "llmrouterbench" | "aios" | "avengers-pro";

/** A row that is an object, of whatever origin: nothing about its values is known. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** A row in the shape of our own records, not yet checked. */
export interface Converted {
  readonly record: unknown;
  /** Keys of the row that nothing reads. */
  readonly odd?: readonly OddKey[];
  /** Where the row is not all that is known of its query, but one model's outcome. */
  readonly oneOutcome?: OneOutcome;
}

export interface Format {
  readonly name: HistoryFormat;
  /** Whether a row has what rows of this format alone have. */
  readonly matches: (row: AnyRow) => boolean;
  readonly convert: (row: AnyRow) => Converted | Problem;
}

export function isObject(value: unknown): value is AnyRow {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A model may be called "constructor", which is no key of an object without it. */
export function own(row: AnyRow | null | undefined, key: string): unknown {
  return row && Object.hasOwn(row, key) ? row[key] : undefined;
}

/** What Python and pandas write for a value that is missing. */
const MISSING = new Set(["", "nan", "none", "null", "<na>", "n/a", "na"]);
const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * A number of another program's: also as text, as in CSV; true is 1 and false 0; what stands for a missing one is null.
 * What is no number stays what it is, for the check of the record to refuse and to quote.
 */
export function number(value: unknown): unknown {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return Number.isNaN(value) ? null : value;
  if (typeof value !== "string") return value ?? null;
  const text = value.trim();
  const lower = text.toLowerCase();
  if (MISSING.has(lower)) return null;
  if (lower === "true" || lower === "false") return lower === "true" ? 1 : 0;
  return DECIMAL.test(text) ? Number(text) : value;
}

/** A number of which 0 says that nobody counted. */
export function positive(value: unknown): unknown {
  const known = number(value);
  return known === 0 ? null : known;
}

/**
 * An id for a query that its file only numbers. Numbers may start again with every part of a data set, so that a
 * checksum of the text tells a row that is there twice from two rows of one number.
 */
export function numberedId(parts: readonly unknown[], query: string): string | undefined {
  const known = parts.filter(part => typeof part === "string" || typeof part === "number");
  return known.length === 0 ? undefined : [...known, crc32(query).toString(16).padStart(8, "0")].join("/");
}

/** That a key has no value, or another than the sentence asks for. */
export function wrong(key: string, value: unknown, sentence: string): Problem {
  return value === undefined || value === null
    ? new Problem(`${key} is missing`)
    : new Problem(`${key} ${sentence}, got ${show(value)}`, `${key} ${sentence}`);
}
