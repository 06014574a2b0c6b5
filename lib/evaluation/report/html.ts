import { printableLines } from "../../printable.js";
import type { EvaluationResults, MethodResults, SetResults } from "../results.js";
import { caveats } from "./caveats.js";
import { methodColour, modelColour } from "./colours.js";
import { curveFigure, mixedModels, mixFigure } from "./curve-figures.js";
import { floorFigure } from "./floor-figures.js";
import { headlines } from "./headlines.js";
import type { Plotting } from "./plotting.js";
import { modelReliabilityFigure, reliabilityFigure } from "./reliability-figures.js";
import { STYLE } from "./style.js";
import { curveTable, floorTable, modelTable, predictionTable, promiseTable } from "./tables.js";
import { capacityInWords, escapeHtml, percent } from "./words.js";

/** The results as one self-contained page: figures are SVG in place, and nothing is fetched or run. */
export function htmlReport(results: EvaluationResults, plotting: Plotting): string {
  const { sets, seeds, trainShare, createdAt, packageVersion } = results;
  const links = sets.map(({ name }, s) => `<a href="#set-${s}">${escapeHtml(name)}</a>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OmniRouter evaluation: ${escapeHtml(sets.map(({ name }) => name).join(", "))}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>How well are these queries routed?</h1>
<p class="facts">OmniRouter ${escapeHtml(packageVersion)}, ${escapeHtml(createdAt.slice(0, 10))}. ${seeds.length} random ${seeds.length === 1 ? "split" : "splits"} of every set by query: methods learn from ${percent(trainShare)} of the queries, the history, and are measured on the others. Figures are means over the splits, ± their standard error.</p>
<nav>${links}<a href="#methods">methods</a><a href="#terms">terms</a></nav>
${sets.map((set, s) => setSection(set, s, results, plotting)).join("\n")}
${methodSection(results)}
${TERMS}
<footer>Every figure here comes from the graded outcomes of the held-out queries; no model was called. Hyper-parameters were chosen on each split's history alone, by the same cross-validation and among equally many candidates for every method that has one.</footer>
</body>
</html>
`;
}

function setSection(set: SetResults, place: number, results: EvaluationResults, plotting: Plotting): string {
  const { name, description, queries, historyQueries, heldOutQueries, models, ungraded } = set;
  const simulated = description.startsWith("Simulated")
    ? `<p class="simulated">${escapeHtml(description)}</p>`
    : `<p class="facts">${escapeHtml(description)}</p>`;
  const missing = caveats(set)
    .map(line => ` ${escapeHtml(line)}`)
    .join("");
  const without =
    ungraded.length === 0 ? "" : ` Without any graded outcome: ${escapeHtml(ungraded.join(", "))}.`;
  return `<section id="set-${place}">
<h2>${escapeHtml(name)}</h2>
${simulated}
<p class="facts">${queries} queries (${historyQueries} as history, ${heldOutQueries} held out), ${models.length} models.${missing}${without}</p>
<ul>${headlines(set, results)
    .map(line => `<li>${escapeHtml(line)}</li>`)
    .join("")}</ul>
${results.capacities.map(capacity => capacitySection(set, capacity, results, plotting)).join("\n")}
<h3>Predictions of quality</h3>
${predictionTable(set)}
${figure(
  reliabilityFigure(plotting, set),
  "Reliability: predictions are sorted into 15 bins by what they predict; each dot is the mean of a bin, larger where more predictions lie. On the diagonal, what was predicted is what came.",
)}
<details><summary>OmniRouter, model by model</summary>
${figure(modelReliabilityFigure(plotting, set), "The same for each model by itself.")}
${modelTable(set)}
</details>
</section>`;
}

function capacitySection(
  set: SetResults,
  capacity: number,
  { batches }: EvaluationResults,
  plotting: Plotting,
): string {
  const methods = set.methods;
  const promise = promiseTable(set, capacity);
  return `<h3>Cost and quality: ${escapeHtml(capacityInWords(capacity))}</h3>
${methodLegend(methods)}
${figure(
  curveFigure(plotting, set, capacity, false),
  "Each line is what a method comes to on the held-out queries as it is told to spend more; left and up is better. Dots are the floors that were asked for, with all held-out queries as one batch: where a method ended up. Diamonds are methods without a choice to make. Dotted lines: 100 %, 99 % and 95 % of the best single model's quality.",
)}
${figure(curveFigure(plotting, set, capacity, true), "The same near the best single model, where most of the money is.")}
${curveTable(set, capacity)}
${mixSection(set, capacity, plotting)}
<h3>Floors: ${escapeHtml(capacityInWords(capacity))}</h3>
${methodLegend(methods.filter(({ id }) => !["oracle", "random", "cheapest"].includes(id)))}
${figure(
  floorFigure(plotting, set, capacity, "met"),
  "Of the batches whose floor was not refused, the share whose realised mean quality reached it. The dotted line is 95 %, the confidence that the confident router is asked for.",
)}
${figure(
  floorFigure(plotting, set, capacity, "slack"),
  "By how much the realised mean quality lay above the floor, on average. Far above is quality that was paid for and not asked for; below 0 is a promise broken.",
)}
${[...batches]
  .reverse()
  .map(batch => floorTable(set, capacity, batch))
  .join("\n")}
${promise === "" ? "" : `<details><summary>The confident router's promises, floor by floor</summary>${promise}</details>`}`;
}

function mixSection(set: SetResults, capacity: number, plotting: Plotting): string {
  const own = set.methods
    .find(({ id }) => id === "omnirouter")
    ?.capacities.find(results => results.capacity === capacity);
  if (own === undefined) return "";
  const shown = mixedModels(set, own);
  const items = shown.map(({ model, column }) => legendItem(model, modelColour(column), true));
  if (shown.length < set.models.length) items.push(legendItem("others", "#9e9e9e", true));
  return `<ul class="legend">${items.join("")}</ul>
${figure(
  mixFigure(plotting, set, capacity),
  "Which models answer along OmniRouter's curve: from the cheapest plan on the left to the best it can do on the right.",
)}`;
}

function figure(svg: string, caption: string): string {
  return svg === ""
    ? ""
    : `<figure>${printableLines(svg)}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function methodLegend(methods: readonly MethodResults[]): string {
  return `<ul class="legend">${methods.map(({ id, label }) => legendItem(label, methodColour(id), false)).join("")}</ul>`;
}

function legendItem(label: string, colour: string, area: boolean): string {
  return `<li><i${area ? ' class="area"' : ""} style="background:${colour}"></i>${escapeHtml(label)}</li>`;
}

function methodSection({ sets }: EvaluationResults): string {
  const methods = sets[0]?.methods ?? [];
  const entries = methods.map(
    ({ label, about }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(about)}</dd>`,
  );
  return `<section id="methods"><h2>Methods</h2>
<p>All of them learn from the same history and route the same held-out queries; those that embed texts share one embedding. A rule that knows no capacities sends what does not fit to its next best model, in the order in which the queries come. To keep a floor, every method but OmniRouter takes the cheapest of its rules that reached it on the history, predicted out of fold.</p>
<dl>${entries.join("")}</dl></section>`;
}

const TERMS = `<section id="terms"><h2>Terms</h2><dl>
<dt>best single model</dt><dd>The model with the highest mean quality in the split's history, answering every held-out query. Qualities and costs are told relative to what it comes to there.</dd>
<dt>peak</dt><dd>The highest realised mean quality anywhere on a method's curve.</dd>
<dt>AIQ</dt><dd>Average improvement in quality (RouterBench): the area under the non-decreasing convex hull of the curve between the costs of the cheapest and of the best single model, divided by their distance.</dd>
<dt>CR, CR99, CR95</dt><dd>The least cost on the curve at which the realised quality is that of the best single model, or 99 % or 95 % of it, as a share of that model's cost. Never matched counts as 1, as does what would cost more.</dd>
<dt>AUC, Brier, ECE</dt><dd>Area under the ROC curve, mean squared error, and expected calibration error over 15 bins of equal width, each by model and then averaged.</dd>
<dt>floor</dt><dd>A least mean quality asked for a batch: a share of the best single model's mean quality in the history, which is what one knows when asking.</dd>
<dt>hindsight</dt><dd>The cheapest point of the same method's own curve that reaches the floor on the held-out queries, which only one who knows the outcomes can pick.</dd>
<dt>sampling margin</dt><dd>1.645 standard errors of the mean quality of a batch of that size: what has to be aimed for above the floor so that chance does not break 5 % of the promises.</dd>
<dt>out of reach</dt><dd>No point of the curve reaches the floor plus the sampling margin: no policy of this predictor could promise it.</dd>
</dl></section>`;
