// node examples/frontier.mjs [OUT.svg]
// What quality costs: the least cost of a batch for every floor, with what each single model would come to.
import { writeFile } from "node:fs/promises";
import * as Plot from "@observablehq/plot";
import { frontier } from "@omnirouter/core";
import { parseHTML } from "linkedom";
import { simulatedRouter } from "./workload.mjs";

const { router, workload } = await simulatedRouter();
const { models, quality, cost, rows } = await router.predict(workload.queries);
const problem = { models, quantities: { quality, cost }, objective: { minimize: "cost" } };

const single = models.map((model, j) => {
  let [totalCost, totalQuality] = [0, 0];
  for (let i = 0; i < rows; i++) {
    totalCost += cost[i * models.length + j];
    totalQuality += quality[i * models.length + j];
  }
  return { model, cost: totalCost, quality: totalQuality / rows };
});
const best = Math.max(...single.map(each => each.quality));
const curve = frontier(problem, { mean: "quality", atLeast: { from: 0.5 * best, to: best, points: 40 } });
const points = Array.from(curve.values, (floor, p) => ({
  floor,
  cost: curve.objective[p],
  quality: curve.totals.quality[p] / rows,
})).filter(point => !Number.isNaN(point.cost));

const { document } = parseHTML("<html></html>");
const chart = Plot.plot({
  document,
  width: 720,
  height: 420,
  marginLeft: 60,
  x: { type: "log", label: "predicted cost, USD →" },
  y: { label: "↑ predicted mean quality", grid: true },
  marks: [
    Plot.line(points, { x: "cost", y: "quality", stroke: "#2563eb", strokeWidth: 2 }),
    Plot.dot(single, { x: "cost", y: "quality", fill: "#6b7280" }),
    Plot.text(single, { x: "cost", y: "quality", text: "model", dy: -8, fontSize: 10 }),
  ],
});
chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
const out = process.argv[2] ?? "frontier.svg";
await writeFile(out, chart.outerHTML);
console.error(`${points.length} points of the frontier, ${models.length} single models (simulated): ${out}`);
