import { crc32 } from "node:zlib";
import { OmniRouterError } from "../errors.js";

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
}

/*
 * As bytes, all numbers little-endian:
 *
 *   8 bytes   "OMNIOOFP"
 *   uint32    version of this format
 *   uint32    CRC-32 of everything after it
 *   uint32    rows
 *   uint32    models
 *   float32   quality, then cost, [rows x models] each
 */
const MAGIC = Buffer.from("OMNIOOFP");
const VERSION = 1;
const HEADER = MAGIC.length + 16;

export function encodeOutOfFold({ rows, models, quality, cost }: OutOfFoldPredictions): Uint8Array {
  const numbers = [quality, cost].map(values =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  const file = Buffer.concat([Buffer.alloc(HEADER), ...numbers]);
  MAGIC.copy(file);
  file.writeUInt32LE(VERSION, MAGIC.length);
  file.writeUInt32LE(rows, HEADER - 8);
  file.writeUInt32LE(models.length, HEADER - 4);
  file.writeUInt32LE(crc32(file.subarray(HEADER - 8)), HEADER - 12);
  return file;
}

/**
 * @param models that the predictions must be of
 * @throws OmniRouterError `ERR_OMNI_CORRUPT` where the bytes are cut short, altered, of another number of models or no
 *   such file; `ERR_OMNI_VERSION` where a later release wrote them
 */
export function decodeOutOfFold(bytes: Uint8Array, models: readonly string[]): OutOfFoldPredictions {
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
  if (file.readUInt32LE(HEADER - 4) !== models.length || file.length !== HEADER + 8 * cells)
    throw corrupt("do not fit their own sizes, or the pool");
  // Copies: a float must start at a multiple of four bytes.
  const numbers = new Float32Array(Uint8Array.from(file.subarray(HEADER)).buffer);
  if (!numbers.every(Number.isFinite)) throw corrupt("hold something that is not a finite number");
  return { rows, models, quality: numbers.slice(0, cells), cost: numbers.slice(cells) };
}

function corrupt(sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_CORRUPT", `the saved out-of-fold predictions ${sentence}`);
}
