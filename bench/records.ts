// The real sets, where they are: OMNIROUTER_DATA names a folder with one folder per set, each with queries.jsonl.gz and
// models.json. What is solved is what the product would solve: the predictions for queries held out of the history.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  History,
  InputTokenEstimator,
  ModelPool,
  NeighbourPredictor,
  TextEmbedder,
  VectorIndex,
} from "../lib/index.js";
import { seededRandom } from "../lib/random.js";
import type { Workload } from "./instances.js";

/** The sets there are, by name; none, said so, where OMNIROUTER_DATA is not set. */
export function recordedSets(): string[] {
  const folder = process.env.OMNIROUTER_DATA;
  if (folder === undefined || folder === "") {
    console.log("OMNIROUTER_DATA is not set: the real sets are left out");
    return [];
  }
  const sets = readdirSync(folder).filter(name =>
    ["queries.jsonl.gz", "models.json"].every(file => existsSync(join(folder, name, file))),
  );
  if (sets.length === 0) console.log(`OMNIROUTER_DATA (${folder}) holds no sets: they are left out`);
  return sets.sort();
}

/** Predicted matrices of the 30 % of a set's queries that the predictor was not fitted on. */
export async function recordedWorkload(name: string): Promise<Workload> {
  const folder = join(process.env.OMNIROUTER_DATA!, name);
  const pool = await ModelPool.load(join(folder, "models.json"));
  const records = await History.read(join(folder, "queries.jsonl.gz"), pool);
  const [train, test] = split(records.size, 0.7).map(rows => records.select(rows)) as [History, History];
  const embedder = await TextEmbedder.fit(train.queries);
  const index = new VectorIndex(embedder.dimension);
  index.add(await embedder.embed(train.queries));
  const predictor = new NeighbourPredictor(train, pool, index);
  const inputTokens = InputTokenEstimator.fit(train.queries, train.inputTokens).estimate(test.queries);
  const { quality, cost, rows } = await predictor.predict({
    embeddings: await embedder.embed(test.queries),
    inputTokens,
  });
  return { name, models: pool.names, rows, cost, quality };
}

/** Rows shuffled (Fisher and Yates) and cut in two. */
function split(size: number, share: number): [number[], number[]] {
  const random = seededRandom(1);
  const rows = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const k = Math.floor((i + 1) * random.uniform());
    [rows[i], rows[k]] = [rows[k]!, rows[i]!];
  }
  const cut = Math.round(share * size);
  return [rows.slice(0, cut), rows.slice(cut)];
}
