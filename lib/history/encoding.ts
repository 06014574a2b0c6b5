/**
 * A history as bytes, all numbers little-endian:
 *
 *   8 bytes   "OMNIHIST"
 *   uint32    version of this format
 *   uint32    CRC-32 of everything after it
 *   uint32    length of the header
 *   header    UTF-8 JSON: the models, the number of rows, the length in bytes of each section
 *   sections  in the order of SECTIONS: texts as uint32 lengths followed by their UTF-8, quantities as float32
 *
 * Sections are not compressed: a router is loaded more often than it is saved.
 */
import { crc32 } from "node:zlib";
import * as z from "zod";
import { OmniRouterError } from "../errors.js";
import { type HistoryColumns, matricesOf, OUTCOME_PARTS } from "./columns.js";
import { MAX_AMOUNT, SELECTIONS, type Selection } from "./record.js";

const MAGIC = Buffer.from("OMNIHIST");
const VERSION = 2;
const START = MAGIC.length + 12;

/** The length that stands for a text that is missing. */
const MISSING = 0xffffffff;

const TEXTS = ["ids", "queries", "tasks", "selections"] as const;
const NUMBERS = ["inputTokens", ...OUTCOME_PARTS] as const;
const SECTIONS = [...TEXTS, ...NUMBERS] as const;

const header = z.object({
  models: z.array(z.string()),
  rows: z.int().min(0),
  bytes: z.array(z.int().min(0)).length(SECTIONS.length),
});

export function encodeHistory(columns: HistoryColumns): Uint8Array {
  const sections = [
    ...TEXTS.map(name => encodeTexts(columns[name])),
    ...NUMBERS.map(name => bytesOf(columns[name])),
  ];
  const description: z.infer<typeof header> = {
    models: [...columns.models],
    rows: columns.ids.length,
    bytes: sections.map(section => section.length),
  };
  const head = Buffer.from(JSON.stringify(description));
  const file = Buffer.concat([Buffer.alloc(START), head, ...sections]);
  MAGIC.copy(file);
  file.writeUInt32LE(VERSION, MAGIC.length);
  file.writeUInt32LE(head.length, START - 4);
  file.writeUInt32LE(crc32(file.subarray(START - 4)), START - 8);
  return file;
}

export function decodeHistory(bytes: Uint8Array): HistoryColumns {
  const file = bytesOf(bytes);
  if (file.length < START || !file.subarray(0, MAGIC.length).equals(MAGIC))
    throw corrupt("is no saved history");
  const version = file.readUInt32LE(MAGIC.length);
  if (version !== VERSION)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `the saved history has format ${version}, this release reads format ${VERSION}: use the release that wrote it, or a later one`,
    );
  if (file.readUInt32LE(START - 8) !== crc32(file.subarray(START - 4)))
    throw corrupt("is cut short or altered: its checksum does not match");

  const { models, rows, bytes: lengths } = decodeHeader(file);
  let at = START + file.readUInt32LE(START - 4);
  const sections = lengths.map(length => {
    at += length;
    return file.subarray(at - length, at);
  });
  if (at !== file.length) throw corrupt("has a header that does not fit its length");
  const texts = (name: (typeof TEXTS)[number]) => decodeTexts(sections[SECTIONS.indexOf(name)]!, rows);
  const present = (name: "ids" | "queries") =>
    texts(name).map(text => text ?? fail(corrupt(`lacks some of its ${name}`)));
  const numbers = (name: (typeof NUMBERS)[number], width: number) => {
    const section = sections[SECTIONS.indexOf(name)]!;
    if (section.length !== 4 * rows * width) throw corrupt(`has a column ${name} that does not fit its rows`);
    // A copy: a float must start at a multiple of four bytes, and the caller may reuse the buffer.
    const values = new Float32Array(Uint8Array.from(section).buffer);
    const most = name === "quality" || name === "propensity" ? 1 : MAX_AMOUNT;
    if (values.some(value => value < 0 || value > most)) throw corrupt(`has a column ${name} out of range`);
    return values;
  };
  return {
    models,
    ids: present("ids"),
    queries: present("queries"),
    tasks: texts("tasks"),
    selections: texts("selections").map(selectionOf),
    inputTokens: numbers("inputTokens", 1),
    ...matricesOf(part => numbers(part, models.length)),
  };
}

function selectionOf(text: string | undefined): Selection | undefined {
  if (text === undefined) return undefined;
  return SELECTIONS.find(selection => selection === text) ?? fail(corrupt("has a selection that is none"));
}

function decodeHeader(file: Buffer): z.infer<typeof header> {
  try {
    return header.parse(JSON.parse(file.toString("utf8", START, START + file.readUInt32LE(START - 4))));
  } catch (cause) {
    throw corrupt("has a header that cannot be read", cause);
  }
}

function encodeTexts(texts: readonly (string | undefined)[]): Buffer {
  const encoded = texts.map(text => (text === undefined ? undefined : Buffer.from(text)));
  const lengths = Uint32Array.from(encoded, text => text?.length ?? MISSING);
  return Buffer.concat([bytesOf(lengths), ...encoded.filter(text => text !== undefined)]);
}

function decodeTexts(section: Buffer, rows: number): (string | undefined)[] {
  let at = 4 * rows;
  if (at > section.length) throw corrupt("has fewer texts than rows");
  const texts = Array.from({ length: rows }, (_, row) => {
    const length = section.readUInt32LE(4 * row);
    if (length === MISSING) return undefined;
    at += length;
    return section.toString("utf8", at - length, at);
  });
  if (at !== section.length) throw corrupt("has texts of the wrong length");
  return texts;
}

/** A view, not a copy. */
function bytesOf(values: Uint8Array | Uint32Array | Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function corrupt(sentence: string, cause?: unknown): OmniRouterError {
  return new OmniRouterError(
    "ERR_OMNI_CORRUPT",
    `the saved history ${sentence}`,
    cause === undefined ? {} : { cause },
  );
}

function fail(error: Error): never {
  throw error;
}
