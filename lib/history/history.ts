import { brand, isBranded } from "../brand.js";
import { invalid, OmniRouterError } from "../errors.js";
import { checkObject } from "../keys.js";
import { differenceInWords, lookOf } from "../look-alike.js";
import { checkOptions } from "../options.js";
import type { ModelPool } from "../pool/pool.js";
import { show } from "../show.js";
import { checkArray } from "../typed-arrays.js";
import { HistoryBuilder, type HistoryColumns, matricesOf, QUANTITIES } from "./columns.js";
import { decodeHistory, encodeHistory } from "./encoding.js";
import type { HistoryFormat } from "./formats/format.js";
import { mostFirst } from "./most-first.js";
import { type PriceDoubt, priceDoubts } from "./price-doubts.js";
import { placeInWords } from "./problem.js";
import { type BadRecord, type ReadProgress, readPlacedRecords } from "./read.js";
import { SELECTIONS, type Selection } from "./record.js";
import { type Skipped, SkippedRecords } from "./skipped.js";
import type { HistorySource } from "./source.js";
import { type UnknownKey, UnknownKeys, unknownKeysInWords } from "./unknown-keys.js";

/** How `History.read` reads its records. */
export interface HistoryReadOptions {
  /** Of all records; detected from their content, file by file, unless given. */
  readonly format?: HistoryFormat;
  /** Ends the reading, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk of input. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** `"error"` (default) rejects at the first bad record; `"skip"` leaves bad ones out and reports them. */
  readonly onBadRecord?: "error" | "skip";
  /** How it was decided which models were graded, of the records that do not say it themselves. */
  readonly selection?: Selection;
}

/** How much a history knows of one model. */
export interface ModelOutcomes {
  /** Its name in the pool. */
  readonly model: string;
  /** Records that hold an outcome of the model. */
  readonly outcomes: number;
  /** Those among them whose quality is known. */
  readonly graded: number;
}

/** A model that records speak of and the pool does not have. */
export interface UnknownModel {
  /** Its name in the records. */
  readonly model: string;
  /** How many outcomes were left out. */
  readonly outcomes: number;
  /** A model of the pool whose name looks the same: it differs in case, blanks, or the way in which Unicode writes it. */
  readonly looksLike?: string | undefined;
}

/** What a history holds, and what the reader left out. */
export interface HistoryReport {
  /** Records read, those left out aside. */
  readonly records: number;
  /** One entry per model of the pool, in its order. */
  readonly models: readonly ModelOutcomes[];
  /** Models of the pool without any graded outcome: nothing can be learned about them. */
  readonly ungraded: readonly string[];
  /** Models that the history knows and the pool does not, the most frequent first; their outcomes were left out. */
  readonly unknownModels: readonly UnknownModel[];
  /** Records that could not be used, where they are left out and not an error. */
  readonly skipped: Skipped;
  /** Records of which nothing counts: they have no part of an outcome of any model of the pool. */
  readonly withoutOutcomes: number;
  /** Keys of records that nothing reads; those that may be meant for a known one first, then the most frequent. */
  readonly unknownKeys: readonly UnknownKey[];
  /** Models whose prices in the pool are far from what the history's outcomes are known to have cost. */
  readonly priceDoubts: readonly PriceDoubt[];
}

/** What only the reader of a source knows. */
export type Omissions = Pick<
  HistoryReport,
  "unknownModels" | "skipped" | "withoutOutcomes" | "unknownKeys" | "priceDoubts"
>;

/** @internal */
export const NOTHING_OMITTED: Omissions = {
  unknownModels: [],
  skipped: { count: 0, kinds: [], first: [] },
  withoutOutcomes: 0,
  unknownKeys: [],
  priceDoubts: [],
};

/** @internal */
export function omissionsOf({
  unknownModels,
  skipped,
  withoutOutcomes,
  unknownKeys,
  priceDoubts,
}: Omissions): Omissions {
  return { unknownModels, skipped, withoutOutcomes, unknownKeys, priceDoubts };
}

/**
 * Graded queries of the past, by column. Row i is query i, column j is model j of the pool; the matrices are row-major
 * Float32Array of `size` x `models.length`, NaN where nothing is known. Not to be changed.
 */
export class History {
  /** Number of rows. */
  readonly size: number;
  /** The records' ids, each once. */
  readonly ids: readonly string[];
  /** The texts that were sent to the models. */
  readonly queries: readonly string[];
  /** Labels for reports, never a feature. */
  readonly tasks: readonly (string | undefined)[];
  /** How it was decided which models were graded, where that was declared. */
  readonly selections: readonly (Selection | undefined)[];
  /** Columns, in the order of the pool. */
  readonly models: readonly string[];
  /** Tokens per query, NaN where unknown. */
  readonly inputTokens: Float32Array;
  /** Grades from 0 to 1. */
  readonly quality: Float32Array;
  /** Lengths of the answers in tokens. */
  readonly outputTokens: Float32Array;
  /** USD. */
  readonly cost: Float32Array;
  /** Times to the whole answer, milliseconds. */
  readonly latencyMs: Float32Array;
  /** Probabilities with which the grades were observed, where the records say them. */
  readonly propensity: Float32Array;
  /** How many outcomes there are of each model, and what the reader left out. */
  readonly report: HistoryReport;

  private constructor(columns: HistoryColumns, omissions: Omissions, counts = countOutcomes(columns)) {
    this.size = columns.inputTokens.length;
    this.ids = columns.ids;
    this.queries = columns.queries;
    this.tasks = columns.tasks;
    this.selections = columns.selections;
    this.models = columns.models;
    this.inputTokens = columns.inputTokens;
    this.quality = columns.quality;
    this.outputTokens = columns.outputTokens;
    this.cost = columns.cost;
    this.latencyMs = columns.latencyMs;
    this.propensity = columns.propensity;
    const ungraded = counts.filter(({ graded }) => graded === 0).map(({ model }) => model);
    this.report = { records: this.size, models: counts, ungraded, ...omissions };
  }

  /**
   * Reads a history for a pool. Outcomes of models that are not in the pool are left out, and counted in the report.
   *
   * @throws OmniRouterError as `readRecords` does; `ERR_OMNI_INVALID_HISTORY` also where there are no records, or none
   *   with a graded outcome of any model of the pool
   */
  static async read(
    source: HistorySource,
    pool: ModelPool,
    options: HistoryReadOptions = {},
  ): Promise<History> {
    if (!isBranded(pool, "ModelPool")) throw invalid("pool", `must be a ModelPool, got ${show(pool)}`);
    checkOptions(options, READ_OPTIONS);
    const { onBadRecord = "error", selection, ...rest } = options;
    checkSelection(selection);
    if (onBadRecord !== "error" && onBadRecord !== "skip")
      throw invalid("options.onBadRecord", `must be "error" or "skip", got ${show(onBadRecord)}`);
    const omitted = new SkippedRecords();
    const skip = (bad: BadRecord) => omitted.add(bad);
    const builder = new HistoryBuilder(pool.names, selection);
    const keys = new UnknownKeys();
    const reading = { ...rest, onBadRecord: onBadRecord === "skip" ? skip : ("error" as const) };
    for await (const { record } of readPlacedRecords(source, reading, "", keys)) builder.append(record);

    const skipped = omitted.report();
    const unknownModels = unknownModelsOf(builder.unknown, pool);
    const columns = builder.columns();
    const history = new History(columns, {
      unknownModels,
      skipped,
      withoutOutcomes: builder.withoutOutcomes,
      unknownKeys: keys.report(),
      priceDoubts: priceDoubts(columns, pool),
    });
    if (history.size === 0)
      throw unusable(
        `holds no ${skipped.count > 0 ? `usable record: ${reason(skipped.first[0]!)}` : "records"}`,
      );
    if (history.report.ungraded.length === pool.size) throw unusable(whatIsMissing(history.report));
    return history;
  }

  /**
   * The rows with the given numbers, in the given order; a row may be taken more than once. The report of the result
   * counts these rows only.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for a number that is no row
   */
  select(rows: Int32Array | readonly number[]): History {
    if (!Array.isArray(rows)) checkArray(rows, "Int32Array", "rows", "must be an array of row numbers");
    for (const [index, row] of rows.entries())
      if (!Number.isInteger(row) || row < 0 || row >= this.size)
        throw invalid(`rows[${index}]`, `must be a row number from 0 to ${this.size - 1}, got ${row}`);
    const pick = <T>(values: readonly T[]): T[] => Array.from(rows, row => values[row]!);
    const gather = (values: Float32Array, width: number): Float32Array => {
      const picked = new Float32Array(rows.length * width);
      for (const [index, row] of rows.entries())
        picked.set(values.subarray(row * width, (row + 1) * width), index * width);
      return picked;
    };
    const width = this.models.length;
    return new History(
      {
        models: this.models,
        ids: pick(this.ids),
        queries: pick(this.queries),
        tasks: pick(this.tasks),
        selections: pick(this.selections),
        inputTokens: gather(this.inputTokens, 1),
        ...matricesOf(part => gather(this[part], width)),
      },
      NOTHING_OMITTED,
    );
  }

  /**
   * The history as one binary file, versioned and checksummed. What its reader left out is not part of it: keep
   * {@link report} for that.
   */
  toBytes(): Uint8Array {
    return encodeHistory(this);
  }

  /**
   * Reads what {@link toBytes} wrote.
   *
   * @param omissions of the report of the history that was saved
   * @throws OmniRouterError `ERR_OMNI_CORRUPT` where the bytes are cut short, altered or no history;
   *   `ERR_OMNI_VERSION` where a later release wrote them
   */
  static fromBytes(bytes: Uint8Array, omissions: Omissions = NOTHING_OMITTED): History {
    checkArray(bytes, "Uint8Array", "bytes");
    checkObject(omissions, "omissions");
    return new History(decodeHistory(bytes), omissionsOf({ ...NOTHING_OMITTED, ...omissions }));
  }

  static {
    brand(History.prototype, "History");
  }

  /** @internal The same history as an object of this class where it is another copy of this package's; else undefined. */
  static own(value: unknown): History | undefined {
    if (value instanceof History) return value;
    if (!isBranded(value, "History")) return undefined;
    const other = value as History;
    return History.fromBytes(other.toBytes(), other.report);
  }

  /**
   * A view of columns that grow, not a copy: of as many rows as their matrices have now.
   *
   * @internal
   */
  static over(columns: HistoryColumns, omissions: Omissions, counts: readonly ModelOutcomes[]): History {
    return new History(columns, omissionsOf(omissions), counts);
  }
}

function countOutcomes(columns: HistoryColumns): readonly ModelOutcomes[] {
  const width = columns.models.length;
  return columns.models.map((model, column) => {
    let outcomes = 0;
    let graded = 0;
    for (let at = column; at < columns.quality.length; at += width) {
      if (!Number.isNaN(columns.quality[at])) graded++;
      if (QUANTITIES.some(quantity => !Number.isNaN(columns[quantity][at]))) outcomes++;
    }
    return { model, outcomes, graded };
  });
}

const READ_OPTIONS = ["format", "signal", "onProgress", "onBadRecord", "selection"];

/** @internal */
export function checkSelection(selection: unknown): void {
  if (selection !== undefined && !SELECTIONS.some(known => known === selection))
    throw invalid("options.selection", `must be one of ${SELECTIONS.join(", ")}, got ${show(selection)}`);
}

/** The models that records speak of and the pool does not have, the most frequent first. */
export function unknownModelsOf(counts: ReadonlyMap<string, number>, { names }: ModelPool): UnknownModel[] {
  const byLook = new Map(names.map(name => [lookOf(name), name]));
  return mostFirst(counts).map(([model, outcomes]) => {
    const looksLike = byLook.get(lookOf(model));
    return looksLike === undefined ? { model, outcomes } : { model, outcomes, looksLike };
  });
}

/** Why a history teaches nothing: what its records lack, and what they have instead. */
function whatIsMissing({ records, models, unknownModels, unknownKeys }: HistoryReport): string {
  const seen =
    unknownKeys.length === 0 ? "" : `; keys that nothing reads: ${unknownKeysInWords(unknownKeys)}`;
  const hasOutcomes = unknownKeys.some(({ key }) => key.startsWith("outcomes.*."));
  if (models.some(({ outcomes }) => outcomes > 0) || (hasOutcomes && unknownModels.length === 0))
    return `has outcomes of models of the pool, and none of them has a quality, in ${records} records${seen}`;
  if (unknownModels.length === 0)
    return `has no outcomes: none of its ${records} records has outcomes by model, or a model and its quality${seen}`;
  const others = unknownModels.slice(0, 5).map(({ model, looksLike }) => {
    return looksLike === undefined ? show(model) : differenceInWords(model, looksLike);
  });
  return `has no graded outcome of any model of the pool in ${records} records; it knows ${others.join(", ")}${seen}`;
}

const reason = (bad: BadRecord) => `${placeInWords(bad)}: ${bad.reason}`;

function unusable(sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_INVALID_HISTORY", `the history ${sentence}`, { argument: "history" });
}
