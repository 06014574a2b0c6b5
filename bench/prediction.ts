// npm run bench:prediction: how long a router takes to learn and to predict, text features included, and retrieval beside other
// indexes of the same vectors.
import { join } from "node:path";
import { History, ModelPool, Prices, Router, simulateWorkload, TextEmbedder } from "../lib/index.js";
import { type BenchOptions, reservations, selects } from "./options.js";
import { type PeerPackages, peerPackages } from "./peers/packages.js";
import { type BuiltIndex, VECTOR_INDEX_PEERS } from "./peers/vector-indexes.js";
import { recordedSets } from "./records.js";
import { formatCount, formatTime, markdownTable, provenance } from "./report.js";
import { median, percentile } from "./statistics.js";

interface PredictionSet {
  readonly name: string;
  readonly pool: ModelPool;
  readonly history: History;
}

const BATCH = 10_000;
const NEIGHBOURS = 100;
/** Queries that retrieval is asked for; the rest of the set is indexed. */
const LOOKED_UP = 1000;

export async function benchPrediction(options: BenchOptions): Promise<string> {
  const sets = await readSets(options);
  const parts = [`${provenance()}${reservations(options)}`, await learning(sets, options.quick)];
  const packages = peerPackages();
  try {
    for (const set of sets)
      parts.push(`#### Retrieval: ${set.name}`, await retrieval(set, packages, options.quick));
  } finally {
    packages.remove();
  }
  const text = parts.join("\n\n");
  console.log(text);
  return text;
}

async function readSets({ set: filter }: BenchOptions): Promise<PredictionSet[]> {
  const sets: PredictionSet[] = [];
  if (selects(filter, "generated")) {
    const { pool, history } = simulateWorkload({ records: 12_000, queries: 0 });
    sets.push({ name: "generated", pool, history: await History.read([...history], pool) });
  }
  for (const name of recordedSets().filter(name => selects(filter, name))) {
    const folder = join(process.env.OMNIROUTER_DATA!, name);
    const pool = await ModelPool.load(join(folder, "models.json"));
    sets.push({ name, pool, history: await History.read(join(folder, "queries.jsonl.gz"), pool) });
  }
  return sets;
}

async function learning(sets: readonly PredictionSet[], quick: boolean): Promise<string> {
  const rows: string[][] = [];
  for (const { name, pool, history } of sets) {
    const fits: number[] = [];
    let router: Router | undefined;
    for (let run = 0; run < (quick ? 1 : 3); run++) {
      const started = performance.now();
      router = await Router.fit(history, pool);
      fits.push(performance.now() - started);
    }
    // The set's own texts, over again where it is smaller than the batch.
    const batch = Array.from({ length: BATCH }, (_, i) => history.queries[i % history.size]!);
    const batches: number[] = [];
    for (let run = 0; run < (quick ? 1 : 5); run++) {
      const started = performance.now();
      await router!.predict(batch);
      batches.push(performance.now() - started);
    }
    const prices = new Prices({ cost: 1 }, [{ quantity: "quality", sense: "atLeast", price: 1e-3 }]);
    const singles: number[] = [];
    for (let i = 0; i < (quick ? 300 : 3000); i++) {
      const started = performance.now();
      router!.routeByPrices(batch[(i * 7919) % BATCH]!, prices);
      singles.push(performance.now() - started);
    }
    const warm = singles.slice(singles.length / 10);
    rows.push([
      name,
      formatCount(history.size),
      String(pool.size),
      formatTime(median(fits)),
      formatTime(median(batches)),
      formatTime(percentile(warm, 0.5)),
      formatTime(percentile(warm, 0.99)),
    ]);
  }
  return markdownTable(
    ["set", "history", "models", "fit", `predict ${formatCount(BATCH)}`, "one query, p50", "p99"],
    rows,
  );
}

async function retrieval(
  { history }: PredictionSet,
  packages: PeerPackages,
  quick: boolean,
): Promise<string> {
  const embedder = await TextEmbedder.fit(history.queries);
  const { dimension } = embedder;
  const all = await embedder.embed(history.queries);
  const border = (history.size - LOOKED_UP) * dimension;
  const [vectors, queries] = [all.subarray(0, border), all.subarray(border)];
  const rows: string[][] = [];
  let exact: ArrayLike<number | bigint> | undefined;
  for (const peer of VECTOR_INDEX_PEERS) {
    const exported = peer.package === undefined ? undefined : packages.load(peer.package);
    if (peer.package !== undefined && exported === undefined) continue;
    const started = performance.now();
    const index = await peer.build(vectors, dimension, exported);
    const built = performance.now() - started;
    const found = index.search(queries, NEIGHBOURS);
    checkAnswers(peer.name, found, vectors.length / dimension);
    exact ??= found;
    const times = timesOf(index, queries, dimension, quick);
    rows.push([
      peer.name,
      formatTime(built),
      formatTime(times.batch),
      formatTime(times.single),
      recall(exact, found).toFixed(4),
    ]);
  }
  const head = [
    `${formatCount(history.size - LOOKED_UP)} x ${dimension}, k = ${NEIGHBOURS}`,
    "build",
    `${formatCount(LOOKED_UP)} queries at once`,
    "one query, p50",
    "recall",
  ];
  return markdownTable(head, rows);
}

function timesOf(index: BuiltIndex, queries: Float32Array, dimension: number, quick: boolean) {
  const batches: number[] = [];
  for (let run = 0; run < (quick ? 2 : 7); run++) {
    const started = performance.now();
    index.search(queries, NEIGHBOURS);
    batches.push(performance.now() - started);
  }
  const singles: number[] = [];
  for (let row = 0; row < LOOKED_UP; row++) {
    const query = queries.subarray(row * dimension, (row + 1) * dimension);
    const started = performance.now();
    index.search(query, NEIGHBOURS);
    singles.push(performance.now() - started);
  }
  return { batch: median(batches), single: median(singles) };
}

/** A recall is worth nothing of answers that name a row twice, or none. */
export function checkAnswers(peer: string, found: ArrayLike<number | bigint>, rows: number): void {
  if (found.length % NEIGHBOURS !== 0) throw new Error(`${peer} found ${found.length} neighbours`);
  for (let start = 0; start < found.length; start += NEIGHBOURS) {
    const own = new Set<number>();
    for (let i = 0; i < NEIGHBOURS; i++) own.add(Number(found[start + i]));
    const valid = [...own].every(id => Number.isInteger(id) && id >= 0 && id < rows);
    if (own.size !== NEIGHBOURS || !valid)
      throw new Error(
        `${peer} answers query ${start / NEIGHBOURS} with rows that are not ${NEIGHBOURS} of the index`,
      );
  }
}

/** Share of the exact neighbours that were found. */
export function recall(exact: ArrayLike<number | bigint>, found: ArrayLike<number | bigint>): number {
  let held = 0;
  for (let start = 0; start < exact.length; start += NEIGHBOURS) {
    const own = new Set<number>();
    for (let i = 0; i < NEIGHBOURS; i++) own.add(Number(exact[start + i]));
    for (let i = 0; i < NEIGHBOURS; i++) if (own.has(Number(found[start + i]))) held++;
  }
  return held / exact.length;
}
