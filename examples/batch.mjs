// node examples/batch.mjs [QUERIES.jsonl ROUTER] [> plan.jsonl]
// Prices a batch of prompts with every model, routes it, and says what the plan saves.

import { createReadStream } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Router } from "@omnirouter/core";
import { simulatedRouter, writeLines } from "./workload.mjs";

let [file, folder] = process.argv.slice(2);
let router;
if (file === undefined) {
  const simulated = await simulatedRouter();
  router = simulated.router;
  const prompts = simulated.workload.queries.map(({ id, query }) => ({ id, query }));
  file = await writeLines(await mkdtemp(join(tmpdir(), "omnirouter-batch-")), "prompts.jsonl", prompts);
} else {
  router = await Router.load(folder ?? "router");
}

const prompts = [];
for await (const line of createInterface({ input: createReadStream(file) }))
  if (line.trim() !== "") prompts.push(JSON.parse(line));

// What everything would cost and be worth with one model: the yardstick.
const { models, quality, cost } = await router.predict(prompts);
const single = models.map((model, j) => {
  let [totalCost, totalQuality] = [0, 0];
  for (let i = 0; i < prompts.length; i++) {
    totalCost += cost[i * models.length + j];
    totalQuality += quality[i * models.length + j];
  }
  return { model, cost: totalCost, quality: totalQuality / prompts.length };
});
const best = single.reduce((a, b) => (b.quality > a.quality ? b : a));

const limits = { minQuality: 0.95 * best.quality, budget: best.cost };
const plan = await router.route(prompts, limits);
if (!plan.feasible) {
  const [nearest] = plan.certificate.reachable;
  throw new Error(`no plan keeps ${JSON.stringify(limits)}; the nearest: ${nearest?.value}`);
}
for (const { id, model, values } of plan)
  console.log(JSON.stringify({ id, model, quality: values.quality, cost: values.cost }));
console.error(
  `${prompts.length} prompts: $${plan.totals.cost.toFixed(4)} at predicted quality ${plan.mean("quality").toFixed(3)}; ` +
    `all to ${best.model}: $${best.cost.toFixed(4)} at ${best.quality.toFixed(3)}. Certified gap ${plan.certificate.gap.toExponential(1)}.`,
);
