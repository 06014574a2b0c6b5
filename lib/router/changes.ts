import { OmniRouterError } from "../errors.js";
import { Problem } from "../history/problem.js";
import { type HistoryRecord, parseRecord } from "../history/record.js";
import { ModelPool } from "../pool/pool.js";

/** Records learned. */
export interface LearnedRecords {
  readonly records: readonly HistoryRecord[];
  /** Embeddings of those that are new queries, one after the other in their order. */
  readonly vectors: Float32Array;
  /**
   * The levels of the trained half after them (`TrainedHalf.withLevels`); absent where it did not move. They depend on the
   * order of all that was learned before, and on how it was put into calls: so they are kept, and not computed again.
   */
  readonly levels?: Float64Array | undefined;
}

/** One step of what a router knows, as its log keeps it. */
export type Change = LearnedRecords | { readonly pool: ModelPool };

/** As bytes: uint32 length of the JSON, little-endian; the JSON; the vectors as float32, little-endian. */
export function encodeChange(change: Change): Uint8Array {
  const [json, vectors] = "pool" in change ? [{ pool: change.pool }, NONE] : [jsonOf(change), change.vectors];
  const text = Buffer.from(JSON.stringify(json));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength)]);
}

/**
 * @throws OmniRouterError `ERR_OMNI_CORRUPT`. The log's checksums have held: what is checked here is that whoever wrote
 *   it meant well.
 */
export function decodeChange(bytes: Buffer): Change {
  try {
    const end = 4 + bytes.readUInt32LE(0);
    if (end > bytes.length || (bytes.length - end) % 4 !== 0)
      throw new RangeError("its lengths do not add up");
    const json: unknown = JSON.parse(bytes.toString("utf8", 4, end));
    const { pool, records, levels } = json as Record<"pool" | "records" | "levels", unknown>;
    if (pool !== undefined) return { pool: ModelPool.from(pool) };
    if (!Array.isArray(records)) throw new TypeError("it holds neither records nor a pool");
    return {
      records: records.map(asRecord),
      vectors: new Float32Array(Uint8Array.from(bytes.subarray(end)).buffer),
      ...(levels === undefined ? {} : { levels: asLevels(levels) }),
    };
  } catch (cause) {
    throw new OmniRouterError(
      "ERR_OMNI_CORRUPT",
      `the log of the saved router holds an entry that cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function jsonOf({ records, levels }: LearnedRecords): object {
  // As JSON every double is read as it was written.
  return levels === undefined ? { records } : { records, levels: [...levels] };
}

function asLevels(value: unknown): Float64Array {
  if (!Array.isArray(value) || !value.every(Number.isFinite))
    throw new TypeError("its levels are not numbers");
  return Float64Array.from(value);
}

const NONE = new Float32Array(0);

function asRecord(value: unknown): HistoryRecord {
  const record = parseRecord(value, "");
  if (record instanceof Problem) throw new TypeError(record.reason);
  if (record.id === "") throw new TypeError("a record has no id");
  return record;
}
