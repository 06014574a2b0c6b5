/**
 * Evidence as bytes, all numbers little-endian:
 *
 *   8 bytes   "OMNIEVID"
 *   uint32    version of this format
 *   uint32    CRC-32 of everything after it
 *   uint32    rows, models, clusters, dimension of the clusters
 *   float32   propensity, [rows x models]; centres, [clusters x dimension]
 *   uint8     known, then the cluster, [rows] each
 */
import { crc32 } from "node:zlib";
import { OmniRouterError } from "../errors.js";
import type { Evidence } from "./evidence.js";

const MAGIC = Buffer.from("OMNIEVID");
const VERSION = 1;
const HEADER = MAGIC.length + 24;

export function encodeEvidence({ rows, models, known, propensity, clusters }: Evidence): Uint8Array {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array) =>
    Buffer.from(buffer, byteOffset, byteLength);
  const { centres, dimension, of } = clusters;
  const file = Buffer.concat([Buffer.alloc(HEADER), ...[propensity, centres, known, of].map(bytesOf)]);
  MAGIC.copy(file);
  file.writeUInt32LE(VERSION, MAGIC.length);
  [rows, models.length, centres.length / dimension, dimension].forEach((size, i) => {
    file.writeUInt32LE(size, MAGIC.length + 8 + 4 * i);
  });
  file.writeUInt32LE(crc32(file.subarray(MAGIC.length + 8)), MAGIC.length + 4);
  return file;
}

/**
 * @param models that the evidence must be of
 * @throws OmniRouterError `ERR_OMNI_CORRUPT` where the bytes are cut short, altered, of another number of models or no
 *   such file; `ERR_OMNI_VERSION` where another release wrote them
 */
export function decodeEvidence(bytes: Uint8Array, models: readonly string[]): Evidence {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER || !file.subarray(0, MAGIC.length).equals(MAGIC))
    throw corrupt("is something else");
  const version = file.readUInt32LE(MAGIC.length);
  if (version !== VERSION)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `the saved evidence has format ${version}, this release reads format ${VERSION}: use the release that wrote it, or a later one`,
    );
  if (file.readUInt32LE(MAGIC.length + 4) !== crc32(file.subarray(MAGIC.length + 8)))
    throw corrupt("is cut short or altered: its checksum does not match");
  const [rows, width, count, dimension] = [0, 1, 2, 3].map(i =>
    file.readUInt32LE(MAGIC.length + 8 + 4 * i),
  ) as [number, number, number, number];
  const cells = rows * width;
  const floats = cells + count * dimension;
  if (width !== models.length || count > 256 || file.length !== HEADER + 4 * floats + 2 * rows)
    throw corrupt("does not fit its own sizes, or the pool");
  // Copies: a float must start at a multiple of four bytes.
  const end = HEADER + 4 * floats;
  const numbers = new Float32Array(Uint8Array.from(file.subarray(HEADER, end)).buffer);
  const propensity = numbers.slice(0, cells);
  const centres = numbers.slice(cells);
  const known = Uint8Array.from(file.subarray(end, end + rows));
  const of = Uint8Array.from(file.subarray(end + rows));
  if (
    propensity.some(value => value < 0 || value > 1) ||
    !centres.every(Number.isFinite) ||
    known.some(value => value > 1) ||
    of.some(cluster => cluster >= Math.max(count, 1))
  )
    throw corrupt("holds numbers out of range");
  return { rows, models, known, propensity, clusters: { dimension, centres, of } };
}

function corrupt(sentence: string): OmniRouterError {
  return new OmniRouterError(
    "ERR_OMNI_CORRUPT",
    `the saved evidence of how grades were observed ${sentence}`,
  );
}
