import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { OmniRouterError } from "../errors.js";
import { ioError } from "../files.js";
import { readRecords } from "../history/read.js";
import type { HistoryRecord } from "../history/record.js";
import { ModelPool } from "../pool/pool.js";
import { seededRandom } from "../random.js";
import { simulateWorkload } from "../simulation/workload.js";
import { UsageError } from "./errors.js";

/** Graded queries to learn from, and others to route, with a pool of models. */
export interface Workload {
  /** Says to people where it comes from. */
  readonly description: string;
  readonly pool: ModelPool;
  readonly history: readonly HistoryRecord[];
  /** Their outcomes are for comparing a plan with what would have come of it. */
  readonly queries: readonly HistoryRecord[];
}

const RECORDS = ["queries.jsonl.gz", "queries.jsonl"];
const POOLS = ["models.json", "pool.json", "pool.yaml", "pool.yml"];

/** The share of a data set's queries that serve as history. */
const HISTORY_SHARE = 0.7;

/** An invented workload of the size of a small real one. */
export function simulated(seed: number): Workload {
  return simulateWorkload({ seed });
}

/**
 * The folders of data sets in a folder: itself if it is one, else those directly below it.
 *
 * @throws UsageError where there are none
 */
export async function dataSetsIn(folder: string): Promise<string[]> {
  if (filesOf(folder) !== undefined) return [folder];
  const entries = await readdir(folder).catch(error => Promise.reject(ioError("read", folder, error)));
  const found = entries
    .sort()
    .map(entry => join(folder, entry))
    .filter(path => filesOf(path) !== undefined);
  if (found.length === 0)
    throw new UsageError(
      `${folder} holds no data set: neither it nor a folder in it has ${RECORDS.join(" or ")} and ${POOLS.join(", ")}`,
    );
  return found;
}

/** Reads a data set and parts its queries at random, by a seed. */
export async function readDataSet(folder: string, seed: number, signal: AbortSignal): Promise<Workload> {
  const { records: file, pool: poolFile } = filesOf(folder)!;
  const pool = await ModelPool.load(poolFile);
  const records: HistoryRecord[] = [];
  for await (const record of readRecords(file, { signal })) records.push(record);
  const { history, queries } = splitRecords(records, seed);
  if (queries.length === 0)
    throw new OmniRouterError(
      "ERR_OMNI_INVALID_HISTORY",
      `${file} holds ${records.length === 0 ? "no queries" : "one query"}: at least two are needed, one as history and one to route`,
    );
  const name = basename(resolve(folder));
  return {
    description: `${name}: real records from ${folder}, parted 70/30 by query (seed ${seed})`,
    pool,
    history,
    queries,
  };
}

/** A random 70 % of the records as history, the others as queries to route. */
export function splitRecords(
  records: readonly HistoryRecord[],
  seed: number,
): { history: HistoryRecord[]; queries: HistoryRecord[] } {
  const random = seededRandom(seed);
  const shuffled = [...records];
  // Fisher and Yates.
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  const border = Math.round(HISTORY_SHARE * shuffled.length);
  return { history: shuffled.slice(0, border), queries: shuffled.slice(border) };
}

/** The files of the data set that a folder is; undefined if it is none. */
export function filesOf(folder: string): { records: string; pool: string } | undefined {
  const first = (names: readonly string[]) => names.map(name => join(folder, name)).find(existsSync);
  const records = first(RECORDS);
  const pool = first(POOLS);
  return records === undefined || pool === undefined ? undefined : { records, pool };
}
