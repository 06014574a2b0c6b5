import { crc32 } from "node:zlib";
import { OmniRouterError } from "../errors.js";
import type { PricedPool } from "./neighbour-predictor.js";

/**
 * What the predictor would have said of each query of its own history, had that query not been in it. Beside the
 * history's quality and cost these show how predictions turn out, which those on its own rows, learnt from their
 * answers, would flatter.
 *
 * Matrices are `[rows x models.length]`, row-major, without gaps: there is a prediction for outcomes that are missing.
 */
export interface OutOfFoldPredictions {
  /** The history's rows, in its order. */
  readonly rows: number;
  /** Names of the columns: the pool's models, in its order. */
  readonly models: readonly string[];
  /** Expected quality, 0 to 1. */
  readonly quality: Float32Array;
  /** Expected cost, USD. */
  readonly cost: Float32Array;
  /** `[rows]`: mean cosine to the most similar queries among the others; see `Predictions.nearest`. */
  readonly nearest: Float32Array;
}

/** The same as it is kept: with lengths in the place of the costs, which change with the pool's prices. */
export interface OutOfFoldRecord {
  readonly rows: number;
  readonly models: readonly string[];
  /** `[models]`: whether the model had a graded outcome in that history. */
  readonly graded: readonly boolean[];
  /** `[rows]`. */
  readonly inputTokens: Float32Array;
  readonly quality: Float32Array;
  readonly outputTokens: Float32Array;
  /** `[rows]`. */
  readonly nearest: Float32Array;
}

export function pricedOutOfFold(
  { rows, models, inputTokens, quality, outputTokens, nearest }: OutOfFoldRecord,
  pool: PricedPool,
): OutOfFoldPredictions {
  const cost = outputTokens.map((tokens, at) => {
    const { inputPer1M, outputPer1M } = pool.models[at % models.length]!;
    return (inputTokens[Math.floor(at / models.length)]! * inputPer1M + tokens * outputPer1M) / 1e6;
  });
  return { rows, models, quality, cost, nearest };
}

/**
 * The same for other models. One that was not there would have been expected, of each query, to do what the others did on
 * the whole.
 */
export function outOfFoldOf(record: OutOfFoldRecord, models: readonly string[]): OutOfFoldRecord {
  const { rows, inputTokens, nearest } = record;
  const width = record.models.length;
  const from = models.map(model => record.models.indexOf(model));
  const pick = (values: Float32Array) => {
    const picked = new Float32Array(rows * models.length);
    for (let row = 0; row < rows; row++) {
      const own = values.subarray(row * width, (row + 1) * width);
      const mean = own.reduce((sum, value) => sum + value, 0) / width;
      for (const [to, column] of from.entries())
        picked[row * models.length + to] = column < 0 ? mean : own[column]!;
    }
    return picked;
  };
  return {
    rows,
    models,
    graded: from.map(column => column >= 0 && record.graded[column]!),
    inputTokens,
    nearest,
    quality: pick(record.quality),
    outputTokens: pick(record.outputTokens),
  };
}

/*
 * As bytes, all numbers little-endian:
 *
 *   8 bytes   "OMNIOOFP"
 *   uint32    version of this format
 *   uint32    CRC-32 of everything after it
 *   uint32    rows
 *   uint32    models
 *   float32   quality, then output tokens, [rows x models] each; input tokens, then nearest, [rows] each
 *   uint8     [models]: 1 where the model had a graded outcome, else 0
 */
const MAGIC = Buffer.from("OMNIOOFP");
const VERSION = 2;
const HEADER = MAGIC.length + 16;

export function encodeOutOfFold(record: OutOfFoldRecord): Uint8Array {
  const numbers = [record.quality, record.outputTokens, record.inputTokens, record.nearest].map(values =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  const file = Buffer.concat([Buffer.alloc(HEADER), ...numbers, Uint8Array.from(record.graded, Number)]);
  MAGIC.copy(file);
  file.writeUInt32LE(VERSION, MAGIC.length);
  file.writeUInt32LE(record.rows, HEADER - 8);
  file.writeUInt32LE(record.models.length, HEADER - 4);
  file.writeUInt32LE(crc32(file.subarray(HEADER - 8)), HEADER - 12);
  return file;
}

/**
 * @param models that the predictions must be of
 * @throws OmniRouterError `ERR_OMNI_CORRUPT` where the bytes are cut short, altered, of another number of models or no
 *   such file; `ERR_OMNI_VERSION` where a later release wrote them
 */
export function decodeOutOfFold(bytes: Uint8Array, models: readonly string[]): OutOfFoldRecord {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER || !file.subarray(0, MAGIC.length).equals(MAGIC))
    throw corrupt("are something else");
  const version = file.readUInt32LE(MAGIC.length);
  if (version !== VERSION)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `the saved out-of-fold predictions have format ${version}, this release reads format ${VERSION}: use the release that wrote them, or a later one`,
    );
  if (file.readUInt32LE(HEADER - 12) !== crc32(file.subarray(HEADER - 8)))
    throw corrupt("are cut short or altered: their checksum does not match");
  const rows = file.readUInt32LE(HEADER - 8);
  const cells = rows * models.length;
  const end = HEADER + 4 * (2 * cells + 2 * rows);
  if (file.readUInt32LE(HEADER - 4) !== models.length || file.length !== end + models.length)
    throw corrupt("do not fit their own sizes, or the pool");
  // Copies: a float must start at a multiple of four bytes.
  const numbers = new Float32Array(Uint8Array.from(file.subarray(HEADER, end)).buffer);
  if (!numbers.every(Number.isFinite)) throw corrupt("hold something that is not a finite number");
  return {
    rows,
    models,
    graded: Array.from(file.subarray(end), byte => byte === 1),
    quality: numbers.slice(0, cells),
    outputTokens: numbers.slice(cells, 2 * cells),
    inputTokens: numbers.slice(2 * cells, 2 * cells + rows),
    nearest: numbers.slice(2 * cells + rows),
  };
}

function corrupt(sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_CORRUPT", `the saved out-of-fold predictions ${sentence}`);
}
