// What the examples work on where nothing else is given: a simulation, which says so.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Router, simulateWorkload } from "@omnirouter/core";

/** A router fitted on simulated history, with graded queries that it has not seen. */
export async function simulatedRouter({ records = 1500, queries = 500, seed = 1 } = {}) {
  const workload = simulateWorkload({ records, queries, seed });
  console.error(workload.description);
  return { router: await Router.fit(workload.history, workload.pool), workload };
}

/** Writes values as JSON Lines and returns the file's path. */
export async function writeLines(folder, name, values) {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, values.map(value => `${JSON.stringify(value)}\n`).join(""));
  return path;
}
