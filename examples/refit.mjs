// node examples/refit.mjs [ROUTER OUTCOMES.jsonl...]
// A nightly job: learns the day's graded answers, fits anew and saves. A service that holds the same router takes it in by
// router.refresh(). Run it from cron; two at once do no harm, as the folder has a lock.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "@omnirouter/core";
import { simulatedRouter, writeLines } from "./workload.mjs";

let [folder, ...files] = process.argv.slice(2);
if (folder === undefined) {
  const home = await mkdtemp(join(tmpdir(), "omnirouter-refit-"));
  const { router, workload } = await simulatedRouter({ records: 800, queries: 200 });
  folder = join(home, "router");
  await router.save(folder);
  files = [await writeLines(home, "today.jsonl", workload.queries)];
}

const router = await Router.load(folder);
const before = router.report.models.reduce((sum, { graded }) => sum + graded, 0);
for (const file of files) {
  const { records, queries, outcomes, skipped } = await router.learn(file, { onBadRecord: "skip" });
  console.error(
    `${file}: ${records} records, ${queries} new queries, ${outcomes} new outcomes, ${skipped.count} skipped`,
  );
}
await router.refit();
const after = router.report.models.reduce((sum, { graded }) => sum + graded, 0);
console.error(`refitted on ${after} graded answers, ${after - before} of them new; saved in ${folder}`);
