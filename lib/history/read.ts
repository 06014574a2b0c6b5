import { types } from "node:util";
import { invalid } from "../errors.js";
import { checkOptions } from "../options.js";
import { show } from "../show.js";
import type { Converted, HistoryFormat } from "./formats/format.js";
import { rowsOfResult } from "./formats/llmrouterbench.js";
import { isFlatHeader } from "./formats/omnirouter.js";
import { isRouterBenchHeader } from "./formats/routerbench.js";
import { HISTORY_FORMATS, Shaper } from "./formats/shaper.js";
import { Gathering } from "./gathering.js";
import { type Place, Problem, placeInWords } from "./problem.js";
import { type HistoryRecord, parseRecord } from "./record.js";
import { badInput, type Containers, findRows, type Named } from "./rows.js";
import { type HistorySource, inputsOf } from "./source.js";
import { meantBy, UnknownKeys } from "./unknown-keys.js";

/** How far the reading of a source has come. */
export interface ReadProgress {
  /** Records read so far. */
  readonly records: number;
  /** Bytes read so far, as they lie in the file (compressed, if it is); 0 for a source of objects. */
  readonly bytes: number;
  /** Bytes that there are to read, where the source is files. */
  readonly totalBytes?: number;
}

/** A record that cannot be used. */
export interface BadRecord extends Place {
  /** What is wrong with it: `outcomes["gpt-4o"].quality must be between 0 and 1, got 1.3`. */
  readonly reason: string;
  /** The reason without its particulars, the same for all records that are bad in this way. */
  readonly kind: string;
}

/** How records are read. */
export interface ReadOptions {
  /** Of all records; detected from their content, file by file, unless given. */
  readonly format?: HistoryFormat;
  /** Ends the reading, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk of input. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** `"error"` (default) rejects at the first bad record; a function is told of each, and the record is left out. */
  readonly onBadRecord?: "error" | ((bad: BadRecord) => void);
}

/** A kind of records: how one is checked, and what errors call a file of them. */
export interface RecordKind<R extends { readonly id: string }> extends Named {
  /** The record without what is null, or what is wrong with it; `fallbackId` stands in for a missing id. */
  readonly parse: (value: unknown, fallbackId: string) => R | Problem;
}

/** How the rows of one source become records. */
interface Reading<R> {
  readonly containers?: Containers;
  /** For the rows of one input. `undefined` holds a record back for {@link gathered}. */
  readonly open: () => (row: unknown, fallbackId: string, place: Place) => R | Problem | undefined;
  /** What was held back, once all inputs are read. */
  readonly gathered: () => Iterable<PlacedRecord<R>>;
}

/**
 * Reads history records one by one: from bytes, plain or gzipped (told by the magic bytes), or from objects, in any
 * `HistoryFormat`. Bytes are UTF-8: JSON Lines; or one JSON document of at most 256 MiB, an array or an object with an
 * array `records`; or a CSV of RouterBench's or of our own rows. Where rows hold one outcome each, records come after the last of all rows.
 *
 * Blank lines, byte order marks and carriage returns are passed over; so are keys it does not know, which `History.read` counts; numbers that
 * are null or NaN are taken as missing. A record without an id is called after its place, `"1:17"` for line 17 of the
 * first file.
 *
 * Errors name file and line (`history.jsonl:17: query is missing`), or the number of the record in a JSON document. A
 * file that is seen to be cut short (gzip, or inside a quoted cell) is an error even where bad records are skipped:
 * what it lost cannot be known.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_HISTORY` for a malformed record or file, an id that occurs twice, or two
 *   outcomes of a model for one query; `ERR_OMNI_IO` where the source cannot be read
 */
export async function* readRecords(
  source: HistorySource,
  options: ReadOptions = {},
): AsyncGenerator<HistoryRecord> {
  for await (const { record } of readPlacedRecords(source, options)) yield record;
}

export interface PlacedRecord<R> {
  readonly record: R;
  readonly place: Place;
}

/**
 * {@link readRecords} with where each record stands; what is without an id is called after `prefix` and its place.
 *
 * @param unknownKeys counts the keys that nothing reads
 */
export async function* readPlacedRecords(
  source: HistorySource,
  options: ReadOptions = {},
  prefix = "",
  unknownKeys: UnknownKeys = new UnknownKeys(),
): AsyncGenerator<PlacedRecord<HistoryRecord>> {
  checkReadOptions(options);
  const { format } = options;
  if (format !== undefined && !HISTORY_FORMATS.includes(format))
    throw invalid("options.format", `must be one of ${HISTORY_FORMATS.join(", ")}, got ${show(format)}`);
  const named: Named = { what: "the history", code: "ERR_OMNI_INVALID_HISTORY" };
  yield* readRows(named, historyReading(format, unknownKeys), source, options, prefix);
}

/** Records of any kind, one a line as JSON. */
export async function* readRecordsOf<R extends { readonly id: string }>(
  kind: RecordKind<R>,
  source: HistorySource,
  options: Omit<ReadOptions, "format"> = {},
): AsyncGenerator<R> {
  const reading = { open: () => kind.parse, gathered: () => [] };
  for await (const { record } of readRows(kind, reading, source, options)) yield record;
}

const READ_OPTIONS = ["format", "signal", "onProgress", "onBadRecord"];

function checkReadOptions(options: ReadOptions): void {
  checkOptions(options, READ_OPTIONS);
  const { onBadRecord } = options;
  if (onBadRecord !== undefined && onBadRecord !== "error" && typeof onBadRecord !== "function")
    throw invalid(
      "options.onBadRecord",
      `must be "error", or a function that is told of every record that is left out, got ${show(onBadRecord)}`,
    );
}

function historyReading(format: HistoryFormat | undefined, unknownKeys: UnknownKeys): Reading<HistoryRecord> {
  const gathering = new Gathering();
  return {
    containers: {
      isCsv: columns => format === "routerbench" || isRouterBenchHeader(columns) || isFlatHeader(columns),
      rowsIn: rowsOfResult,
    },
    open: () => {
      const shaper = new Shaper(format);
      return (row, fallbackId, place) => {
        const shaped = shapedBy(shaper, row);
        if (shaped instanceof Problem) return shaped;
        const record = parseRecord(shaped.record, fallbackId);
        if (record instanceof Problem) return withHint(record, row);
        if (shaped.odd !== undefined) unknownKeys.add(shaped.odd);
        if (shaped.oneOutcome === undefined) return record;
        return gathering.add(record, shaped.oneOutcome, place);
      };
    },
    gathered: () => gathering.records(),
  };
}

/** What is made into text on the way may be nested without end, or hold itself. */
function shapedBy(shaper: Shaper, row: unknown): Converted | Problem {
  try {
    return shaper.shape(row);
  } catch (error) {
    if (!types.isNativeError(error) || !["RangeError", "TypeError"].includes(error.name)) throw error;
    return new Problem(
      `holds what cannot be made into text: ${error.message}`,
      "holds what cannot be made into text",
    );
  }
}

/** A record without a query may have it under another name. */
function withHint(problem: Problem, row: unknown): Problem {
  if (problem.kind !== "query is missing" || typeof row !== "object" || row === null) return problem;
  const meant = Object.keys(row).find(key => meantBy(key, ["query"], row) !== undefined);
  if (meant === undefined) return problem;
  return new Problem(`${problem.reason}: it has ${show(meant)}, which may be meant`, problem.kind);
}

async function* readRows<R extends { readonly id: string }>(
  named: Named,
  { containers, open, gathered }: Reading<R>,
  source: HistorySource,
  { signal, onProgress, onBadRecord = "error" }: ReadOptions,
  prefix = "",
): AsyncGenerator<PlacedRecord<R>> {
  signal?.throwIfAborted();
  const inputs = await inputsOf(source, named.what, signal);
  const totalBytes = inputs.reduce((sum, input) => sum + (input.bytes ?? Number.NaN), 0);
  const total = Number.isNaN(totalBytes) ? {} : { totalBytes };
  const places = new Map<string, Place>();
  let records = 0;
  let bytes = 0;

  const leaveOut = ({ reason, kind }: Problem, { source, line }: Place) => {
    if (onBadRecord === "error") throw badInput(named, source, line, reason);
    onBadRecord({ source, line, reason, kind });
  };
  /** Whether it is the first of its id. */
  const accept = ({ id }: R, place: Place): boolean => {
    const first = places.get(id);
    if (first) {
      const reason = `id ${JSON.stringify(id)} occurs twice, first at ${placeInWords(first)}`;
      leaveOut(new Problem(reason, "id occurs twice"), place);
      return false;
    }
    places.set(id, place);
    records++;
    return true;
  };

  for (const [ordinal, input] of inputs.entries()) {
    const toRecord = open();
    for await (const batch of findRows(input, named, containers, signal, count => (bytes += count))) {
      for (const { line, value } of batch) {
        const place = { source: input.name, line };
        const record =
          value instanceof Problem ? value : toRecord(value, `${prefix}${ordinal + 1}:${line}`, place);
        if (record instanceof Problem) leaveOut(record, place);
        else if (record !== undefined && accept(record, place)) yield { record, place };
      }
      onProgress?.({ records, bytes, ...total });
    }
  }
  for (const { record, place } of gathered()) if (accept(record, place)) yield { record, place };
  onProgress?.({ records, bytes, ...total });
}
