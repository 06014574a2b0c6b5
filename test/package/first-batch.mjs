// What a new user does first, in an empty project with the package in it: fits a router on a few graded answers and
// routes a batch. Prints one line of JSON.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "index.mjs"));
const { Router } = await import(pathToFileURL(require.resolve("@omnirouter/core")).href);

const topics = [
  "sort a list of numbers",
  "prove that the sequence converges",
  "translate this letter",
  "name the capital",
];
const records = Array.from({ length: 80 }, (_, i) => ({
  id: `h${i}`,
  query: `${topics[i % topics.length]}, number ${i}`,
  outcomes: {
    small: { quality: i % topics.length === 1 ? 0 : 1, outputTokens: 40 },
    large: { quality: 1, outputTokens: 50 },
  },
}));
writeFileSync("history.jsonl", records.map(record => `${JSON.stringify(record)}\n`).join(""));
writeFileSync(
  "pool.json",
  JSON.stringify({
    models: [
      { name: "small", inputPer1M: 0.1, outputPer1M: 0.4 },
      { name: "large", inputPer1M: 2, outputPer1M: 8 },
    ],
  }),
);
const router = await Router.fit("history.jsonl", "pool.json");
const queries = topics.map((topic, i) => ({ id: `q${i}`, query: `${topic}, please` }));
const plan = await router.route(queries, { minQuality: 0.8 });
console.log(JSON.stringify({ feasible: plan.feasible, models: [...plan].map(({ model }) => model) }));
