import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { addAbortSignal, type Readable } from "node:stream";
import { OmniRouterError } from "../errors.js";
import { ioError } from "../files.js";
import { splitLines } from "../history/lines.js";
import { Problem } from "../history/problem.js";
import { type RecordKind, readRecordsOf } from "../history/read.js";
import { type HistoryRecord, parseRecord } from "../history/record.js";
import { plainBytes } from "../history/source.js";
import type { ModelPool } from "../pool/pool.js";
import { columnOf } from "../router/model-names.js";
import { checkQueryKeys, type RouteQuery } from "../router/queries.js";
import { show } from "../show.js";

/** A query to route, with its outcomes where they are known. */
export type QueryRecord = HistoryRecord & Pick<RouteQuery, "allowed" | "group">;

/** Queries as JSON Lines; errors name file and line. */
export function readQueries(
  source: string | Readable,
  pool: ModelPool,
  signal: AbortSignal,
): AsyncGenerator<QueryRecord> {
  const kind: RecordKind<QueryRecord> = {
    what: "the queries",
    code: "ERR_OMNI_INVALID_ARGUMENT",
    parse: (value, fallbackId) => parseQuery(value, fallbackId, pool),
  };
  return readRecordsOf(kind, source, { signal });
}

function parseQuery(value: unknown, fallbackId: string, pool: ModelPool): QueryRecord | Problem {
  const record = parseRecord(value, fallbackId);
  if (record instanceof Problem) return record;
  try {
    checkQueryKeys(value as object, "");
  } catch (error) {
    return new Problem((error as Error).message);
  }
  const { allowed, group } = value as { readonly allowed?: unknown; readonly group?: unknown };
  const extras: { allowed?: readonly string[]; group?: string } = {};
  if (allowed !== undefined && allowed !== null) {
    if (!Array.isArray(allowed) || allowed.length === 0)
      return new Problem(`allowed must be an array of names of models, not empty, got ${show(allowed)}`);
    try {
      for (const [place, name] of allowed.entries()) columnOf(pool, name, `allowed[${place}]`);
    } catch (error) {
      return new Problem((error as Error).message);
    }
    extras.allowed = allowed;
  }
  if (group !== undefined && group !== null) {
    if (typeof group !== "string" || group === "")
      return new Problem(`group must be text that is not empty, got ${show(group)}`);
    extras.group = group;
  }
  return { ...record, ...extras };
}

/** Lines of text as queries, each called after its line; blank ones are passed over. */
export async function* readTexts(
  source: string | Readable,
  signal: AbortSignal,
): AsyncGenerator<QueryRecord> {
  const name = typeof source === "string" ? source : "input";
  // A stream that has nothing to give would otherwise never hear of the signal.
  const stream = addAbortSignal(signal, typeof source === "string" ? createReadStream(source) : source);
  const chunks = plainBytes(stream, () => {});
  try {
    for await (const lines of splitLines(chunks, 16 << 20)) {
      signal.throwIfAborted();
      for (const { number, bytes } of lines) {
        if (bytes === undefined || !isUtf8(bytes))
          throw new OmniRouterError(
            "ERR_OMNI_INVALID_ARGUMENT",
            `${name}:${number}: ${bytes === undefined ? "is longer than 16 MiB" : "is not UTF-8 text"}`,
          );
        const query = bytes
          .toString("utf8")
          .replace(/^\uFEFF/, "")
          .trimEnd();
        if (query !== "") yield { id: String(number), query, outcomes: {} };
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : ioError("read the queries", name, error);
  }
}
