import type { LimitReport, Plan, Relaxed } from "../assignment/plan.js";
import type { Limit } from "../assignment/problem.js";
import type { Correction, QualityPromise } from "../floors/promise.js";
import type { HistoryRecord } from "../history/record.js";
import { formatCount, formatMoney, formatPercent, formatQuality } from "./format.js";
import { type Column, formatTable } from "./tables.js";

/** What became of some queries with some models, as far as it is known. */
export interface Realised {
  /** Mean of the known qualities; NaN without any. */
  readonly quality: number;
  /** Sum of the known costs, USD; NaN without any. */
  readonly cost: number;
  /** Queries whose quality with their model is known. */
  readonly graded: number;
  /** Queries whose cost is known. */
  readonly billed: number;
}

/** What a plan gives one model. */
export interface ModelShare {
  readonly model: string;
  readonly queries: number;
  /** Queries of the batch that it may take, where that is limited. */
  readonly capacity?: number;
  /** Mean predicted. */
  readonly quality: number;
  /** Predicted, USD. */
  readonly cost: number;
  readonly realised: Realised;
}

/** Outcomes of the chosen models, `modelOf` naming each query's, in the records that have them. */
export function realise(
  records: readonly HistoryRecord[],
  modelOf: (query: number) => string | undefined,
): Realised {
  let [quality, graded, cost, billed] = [0, 0, 0, 0];
  records.forEach((record, query) => {
    const model = modelOf(query);
    const outcome = model === undefined ? undefined : record.outcomes[model];
    if (outcome?.quality !== undefined) {
      quality += outcome.quality;
      graded++;
    }
    if (outcome?.cost !== undefined) {
      cost += outcome.cost;
      billed++;
    }
  });
  return {
    quality: quality / graded,
    cost: billed === 0 ? Number.NaN : cost,
    graded,
    billed,
  };
}

/**
 * What became of `queries` queries. The cost only where each one's is known, for a sum of some would look cheap; the
 * quality with the number of graded queries, where that is not all.
 */
export function realisedInWords(
  { quality, cost, graded, billed }: Realised,
  queries: number,
): { quality: string; cost: string } {
  const some = graded > 0 && graded < queries ? ` (of ${formatCount(graded)} graded)` : "";
  return {
    quality: `${formatQuality(quality)}${some}`,
    cost: billed === queries ? formatMoney(cost) : "-",
  };
}

/** Per model that was given queries, the most queries first. */
export function sharesOf(plan: Plan, records: readonly HistoryRecord[]): ModelShare[] {
  const quality = plan.byModel("quality");
  const cost = plan.byModel("cost");
  return plan.models
    .map((model, column): ModelShare => {
      const queries = plan.requests[column]!;
      const limit = plan.certificate.limits.find(
        ({ limit }) => limit.sum === "requests" && limit.model === model && limit.atMost !== undefined,
      );
      return {
        model,
        queries,
        quality: quality[column]! / queries,
        cost: cost[column]!,
        realised: realise(records, query => (plan.choice[query] === column ? model : undefined)),
        ...(limit === undefined ? {} : { capacity: limit.bound }),
      };
    })
    .filter(({ queries }) => queries > 0)
    .sort((a, b) => b.queries - a.queries);
}

/** One row for each model with queries; columns without anything in them are left out. */
export function shareTable(shares: readonly ModelShare[], color: boolean): string {
  const columns: Column<ModelShare>[] = [
    { head: "model", align: "left", cell: ({ model }) => model },
    { head: "queries", cell: ({ queries }) => formatCount(queries) },
  ];
  if (shares.some(({ capacity }) => capacity !== undefined))
    columns.push({
      head: "of capacity",
      cell: ({ queries, capacity }) => (capacity === undefined ? "-" : formatPercent(queries / capacity, 0)),
    });
  columns.push(
    { head: "predicted cost", cell: ({ cost }) => formatMoney(cost) },
    { head: "predicted quality", cell: ({ quality }) => formatQuality(quality) },
  );
  if (shares.some(({ realised }) => realised.graded > 0))
    columns.push({
      head: "realised quality",
      cell: ({ realised, queries }) => realisedInWords(realised, queries).quality,
    });
  return formatTable(shares, columns, color);
}

/** `mean quality at least 0.8000`, `at most 500 queries to gpt-4o`. */
export function limitInWords(limit: Limit): string {
  const bound = limit.atLeast ?? limit.atMost!;
  const sense = limit.atLeast === undefined ? "at most" : "at least";
  const tenant = limit.group === undefined ? "" : ` of ${limit.group === "" ? "no tenant" : limit.group}`;
  if (limit.sum === "requests")
    return `${sense} ${formatCount(bound)} queries${tenant} to ${limit.model ?? "all models"}`;
  const model = limit.model === undefined ? "" : ` with ${limit.model}`;
  const quantity = (limit.mean ?? limit.sum)!;
  const what =
    limit.mean === undefined ? (quantity === "cost" ? "cost" : `total ${quantity}`) : `mean ${quantity}`;
  return `${what}${tenant}${model} ${sense} ${formatQuantity(quantity, bound)}`;
}

function formatQuantity(quantity: string, value: number): string {
  if (quantity === "cost") return formatMoney(value);
  return quantity === "quality" ? formatQuality(value) : formatCount(value);
}

/** `$0.157 per +0.01 of mean quality`: what the limit costs at the margin. */
export function priceInWords({ price, unit }: LimitReport): string {
  return unit.startsWith("USD ")
    ? `${formatMoney(price)} ${unit.slice(4)}`
    : `${price.toPrecision(3)} ${unit}`;
}

/** `relaxed: mean quality at least 0.9000 is out of reach, now 0.8512`. */
export function relaxedInWords({ limit, to }: Relaxed): string {
  return `relaxed: ${limitInWords(limit)} is out of reach, now ${formatQuantity((limit.mean ?? limit.sum)!, to)}`;
}

/** What is promised of realised quality, or refused, and the margin behind it. */
export function promiseInWords(promise: QualityPromise): string[] {
  const { group, confidence, asked, refused, best, predicted, margin, queries, outcomes, reason } = promise;
  const sure = `with ${formatPercent(confidence, confidence * 100 === Math.round(confidence * 100) ? 0 : 1)} confidence`;
  const quality = `realised mean quality${group === undefined ? "" : ` of ${group === "" ? "no tenant" : group}`}`;
  const shifted = margin.shift > 0 ? `, ${formatQuality(margin.shift)} for queries unlike the history's` : "";
  const because = `expected ${formatQuality(predicted)} less ${formatQuality(margin.total)}: ${formatQuality(margin.sampling)} for the chance in ${formatCount(queries)} queries, ${formatQuality(margin.history)} for that in ${formatCount(Math.round(outcomes))} graded answers${shifted}`;
  if (!refused) return [`promised ${sure}: ${quality} at least ${formatQuality(asked ?? best)} (${because})`];
  return [
    `refused: ${quality} at least ${formatQuality(asked!)} cannot be promised ${sure}: ${REASONS[reason!]}`,
    `the best that can be promised: ${formatQuality(best)} (${because})`,
  ];
}

/** Why a promise is refused, or a correction not made. */
const REASONS: Readonly<Record<NonNullable<QualityPromise["reason"]>, string>> = {
  quality: "no batch and no history would do, as the models are not expected to reach it within the limits",
  batch: "a larger batch would leave less to chance",
  history: "a history with more graded answers would leave less to chance",
  selection:
    "it is not known how the history's graded models were selected: declare it (--selection), or record propensities",
  overlap:
    "the history has hardly any graded answers of these models on such queries: grade some of them, chosen at random",
  shift: "the queries are too unlike the history's: grade some of their kind",
};

/** What predicted quality was corrected by, or why it was not; no line where nothing was found to correct. */
export function correctionInWords({ group, bias, standardError, outcomes, reason }: Correction): string[] {
  const what = `predicted quality${group === undefined ? "" : ` of ${group === "" ? "no tenant" : group}`}`;
  if (reason !== undefined) return [`${what} is not corrected for bias: ${REASONS[reason]}`];
  if (bias === 0) return [];
  const sign = bias < 0 ? "-" : "+";
  return [
    `${what} is corrected by ${sign}${formatQuality(Math.abs(bias))} for its policy's bias on the history (standard error ${formatQuality(standardError)}, from ${formatCount(Math.round(outcomes))} graded answers)`,
  ];
}

/** What is proven of the plan, in one sentence. */
export function verdict(plan: Plan): string {
  const { status, gap, bound } = plan.certificate;
  const best = plan.prices.objective.cost
    ? `no plan within the limits costs less than ${formatMoney(bound)}`
    : `no plan within the limits reaches a mean quality above ${formatQuality(bound / plan.size)}`;
  const within = plan.relaxed ? `; within ${formatGap(gap)} of the best within the relaxed ones` : "";
  switch (status) {
    case "optimal":
      return "optimal: no plan within the limits is better";
    case "withinTolerance":
    case "feasible":
      return `within ${formatGap(gap)} of the best possible: ${best}`;
    case "infeasible":
      return `infeasible: no plan can keep every limit${within}`;
    case "unknown":
      return `unknown: no plan that keeps every limit was found, nor a proof that there is none${within}`;
  }
}

function formatGap(gap: number): string {
  return `${(gap * 100).toPrecision(2)} %`;
}

/** Where the limits cannot hold: which stand against each other, and what can be had. */
export function conflictInWords(plan: Plan): string[] {
  const { conflict, reachable } = plan.certificate;
  const lines = [verdict(plan)];
  if (conflict.length > 0) lines.push(`In conflict: ${conflict.map(limitInWords).join("; ")}.`);
  for (const { limit, value, bound } of reachable) {
    const quantity = (limit.mean ?? limit.sum)!;
    const name = `${limit.mean === undefined ? "" : "mean "}${quantity}`;
    const found = value === undefined ? "none was found" : formatQuantity(quantity, value);
    lines.push(
      `With the other limits kept, the best ${name}: ${found} (no plan passes ${formatQuantity(quantity, bound)}).`,
    );
  }
  return lines;
}
