import { Readable } from "node:stream";
import { expect } from "vitest";
import { type ReadOptions, readRecords } from "../../lib/history/read.js";
import type { HistoryRecord } from "../../lib/history/record.js";
import type { HistorySource } from "../../lib/history/source.js";

export async function all(source: HistorySource, options?: ReadOptions): Promise<HistoryRecord[]> {
  const records = [];
  for await (const record of readRecords(source, options)) records.push(record);
  return records;
}

/** A stream of a file's content. */
export const bytes = (...chunks: (string | Uint8Array)[]) =>
  Readable.from(chunks.map(chunk => Buffer.from(chunk)));
/** What a malformed record or file is refused with. */
export const invalid = (message: string | RegExp) => ({
  code: "ERR_OMNI_INVALID_HISTORY",
  message: typeof message === "string" ? message : expect.stringMatching(message),
});
