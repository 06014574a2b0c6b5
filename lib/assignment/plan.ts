import { invalid } from "../errors.js";
import { show } from "../show.js";
import type { NativeSolution, Status } from "./binding.js";
import { Prices } from "./prices.js";
import type { CompiledProblem, Limit } from "./problem.js";

/** How one limit fared. */
export interface LimitReport {
  readonly limit: Limit;
  /** The limited sum or mean, as the limit was stated. */
  readonly value: number;
  readonly bound: number;
  /** By how much the limit is kept; negative: missed. In the limit's own terms (of a mean, for a mean). */
  readonly slack: number;
  /** What relaxing the bound by `step` saves in the objective, to first order; 0 where the limit does not bind. */
  readonly price: number;
  /** In words, e.g. `"USD per +0.01 of mean quality"`. */
  readonly unit: string;
}

/** The best that one limit can do while the others hold. */
export interface Reachable {
  readonly limit: Limit;
  /** The best value a plan was found with, in the limit's own terms; `undefined` if none was found. */
  readonly value: number | undefined;
  /** The value that no plan can better (certified). */
  readonly bound: number;
}

/** What the plan comes to, and what is proven of it. All sums are recomputed in double from the matrices and the plan. */
export interface Certificate {
  readonly status: Status;
  /** The objective's value; of a maximised objective, the value maximised. */
  readonly objective: number;
  /** No plan that holds every limit does better: a lower bound of what is minimised, an upper bound of what is maximised. */
  readonly bound: number;
  /**
   * |objective - bound| / max(|objective|, |bound|, 1e-6 spread); NaN where the plan misses a limit, as its objective then
   * says nothing. The spread, which gives the scale where both are nearly 0, is the sum over the queries of how far the
   * mean of their models' objective values lies above the least.
   */
  readonly gap: number;
  readonly limits: readonly LimitReport[];
  /** If infeasible: the limits that cannot hold together. */
  readonly conflict: readonly Limit[];
  /** If no plan holds every limit: for each floor and budget, how near one can come. */
  readonly reachable: readonly Reachable[];
  /** Evaluations of the dual function, over whatever rows were still open. */
  readonly evaluations: number;
}

/** One query's row of a plan. Made when asked for. */
export interface PlannedQuery {
  readonly query: number;
  readonly model: string;
  /** The quantities with the chosen model, e.g. `{ quality, cost }`. */
  readonly values: Readonly<Record<string, number>>;
  /**
   * The next best allowed model at the plan's prices, and what it would lose; absent if no other is allowed. A loss below 0
   * is a query moved off its best model so that a limit holds.
   */
  readonly runnerUp?: { readonly model: string; readonly loss: number };
}

/**
 * Who answers what: columns, so that a million queries are a few typed arrays and not a million objects.
 */
export class Plan {
  /** Per query, the index of its model in {@link models}. */
  readonly choice: Uint8Array;
  readonly models: readonly string[];
  readonly certificate: Certificate;
  readonly prices: Prices;
  /** Per model, its number of queries. */
  readonly requests: Float64Array;
  /** Sum of every quantity over the plan, by name: `{ cost, quality }`. */
  readonly totals: Readonly<Record<string, number>>;
  readonly #compiled: CompiledProblem;

  /** @internal */
  constructor(compiled: CompiledProblem, solution: NativeSolution) {
    this.#compiled = compiled;
    this.choice = solution.choice;
    this.models = compiled.problem.models;
    this.requests = solution.requests;
    this.totals = Object.fromEntries(compiled.quantityNames.map((name, k) => [name, solution.quantity[k]!]));
    this.prices = pricesOf(compiled, solution);
    this.certificate = certificateOf(compiled, solution);
  }

  get status(): Status {
    return this.certificate.status;
  }

  /** Whether every limit holds. */
  get feasible(): boolean {
    return isFeasible(this.status);
  }

  /** Number of queries. */
  get size(): number {
    return this.choice.length;
  }

  /** Mean of a quantity over the plan; NaN for an empty batch. @throws OmniRouterError for an unknown quantity. */
  mean(quantity: string): number {
    this.#matrix(quantity);
    return this.totals[quantity]! / this.size;
  }

  /** Per query, a quantity's value with the chosen model: a new array. @throws OmniRouterError for an unknown one. */
  column(quantity: string): Float32Array {
    const values = this.#matrix(quantity);
    const out = new Float32Array(this.size);
    for (let i = 0; i < out.length; i++) out[i] = values[i * this.models.length + this.choice[i]!]!;
    return out;
  }

  /** Sum of a quantity per model. @throws OmniRouterError for an unknown quantity. */
  byModel(quantity: string): Float64Array {
    const values = this.#matrix(quantity);
    const out = new Float64Array(this.models.length);
    for (let i = 0; i < this.size; i++) {
      const j = this.choice[i]!;
      out[j]! += values[i * out.length + j]!;
    }
    return out;
  }

  /** One query's model, values and runner-up. @throws OmniRouterError for an index outside the batch. */
  at(query: number): PlannedQuery {
    if (!(Number.isInteger(query) && query >= 0 && query < this.size))
      throw invalid("query", `must be a whole number >= 0 and below ${this.size}, got ${show(query)}`);
    const { problem, quantityNames } = this.#compiled;
    const number = problem.groups?.[query] ?? 0;
    const group = problem.groupNames?.[number] ?? number;
    const allowed = problem.allowed?.[query];
    const valuesOf = (j: number) =>
      Object.fromEntries(
        quantityNames.map(name => [name, problem.quantities[name]![query * this.models.length + j]!]),
      );
    const chosen = this.choice[query]!;
    const values = valuesOf(chosen);
    const own = this.prices.reduced(this.models[chosen]!, values, group);
    let runnerUp: { model: string; loss: number } | undefined;
    this.models.forEach((model, j) => {
      if (j === chosen || (allowed !== undefined && !((allowed >> BigInt(j)) & 1n))) return;
      const loss = this.prices.reduced(model, valuesOf(j), group) - own;
      if (runnerUp === undefined || loss < runnerUp.loss) runnerUp = { model, loss };
    });
    return { query, model: this.models[chosen]!, values, ...(runnerUp === undefined ? {} : { runnerUp }) };
  }

  *[Symbol.iterator](): IterableIterator<PlannedQuery> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }

  #matrix(quantity: string): Float32Array {
    const { problem, quantityNames } = this.#compiled;
    if (!quantityNames.includes(quantity))
      throw invalid(
        "quantity",
        `must be one of the plan's (${quantityNames.join(", ")}), got ${show(quantity)}`,
      );
    return problem.quantities[quantity]!;
  }
}

function isFeasible(status: Status): boolean {
  return status !== "infeasible" && status !== "unknown";
}

function maximises(compiled: CompiledProblem): boolean {
  return "maximize" in compiled.problem.objective;
}

/** The natural step of a limit's bound, for prices people can read. */
function step(limit: Limit): number {
  return (limit.mean ?? limit.sum) === "quality" ? 0.01 : 1;
}

function unitOf(compiled: CompiledProblem, limit: Limit): string {
  const { objective } = compiled.problem;
  const stated = "maximize" in objective ? objective.maximize : objective.minimize;
  const worth = stated === "cost" ? "USD" : stated === "quality" ? "total quality" : "objective";
  const sign = limit.atLeast !== undefined ? "+" : "extra ";
  const scope =
    (limit.group === undefined ? "" : ` of group ${limit.group}`) +
    (limit.model === undefined ? "" : ` of ${limit.model}`);
  if (limit.sum === "requests") return `${worth} per extra slot${scope}`;
  const size =
    step(limit) === 1
      ? limit.sum === "cost" || limit.mean === "cost"
        ? "USD"
        : "unit"
      : String(step(limit));
  const of = limit.mean !== undefined ? `mean ${limit.mean}` : `total ${limit.sum}`;
  return `${worth} per ${sign}${size} of ${of}${scope}`;
}

function pricesOf(compiled: CompiledProblem, solution: NativeSolution): Prices {
  const objective: Record<string, number> = {};
  compiled.quantityNames.forEach((name, k) => {
    const weight = compiled.native.objective[k]!;
    if (weight !== 0) objective[name] = weight;
  });
  return new Prices(
    objective,
    compiled.limits.map((limit, l) => ({
      quantity: (limit.mean ?? limit.sum)!,
      sense: limit.atLeast !== undefined ? "atLeast" : "atMost",
      ...(limit.group === undefined ? {} : { group: limit.group }),
      ...(limit.model === undefined ? {} : { model: limit.model }),
      price: solution.prices[l]!,
    })),
  );
}

function certificateOf(compiled: CompiledProblem, solution: NativeSolution): Certificate {
  const { limits, scopeRows } = compiled;
  // A mean over no queries is 0 of 0: its limit says nothing, and is reported as kept.
  const perScope = (l: number) => (limits[l]!.mean === undefined ? 1 : Math.max(1, scopeRows[l]!));
  const sign = maximises(compiled) ? -1 : 1;
  return {
    status: solution.status,
    objective: sign * solution.objective,
    bound: sign * solution.bound,
    gap: isFeasible(solution.status) ? solution.gap : Number.NaN,
    limits: limits.map((limit, l) => ({
      limit,
      value: solution.total[l]! / perScope(l),
      bound: (limit.atLeast ?? limit.atMost)!,
      slack: solution.slack[l]! / perScope(l),
      price: solution.prices[l]! * perScope(l) * step(limit),
      unit: unitOf(compiled, limit),
    })),
    conflict: Array.from(solution.conflict, l => limits[l]!),
    reachable: solution.reachable.map(r => ({
      limit: limits[r.limit]!,
      value: r.found ? r.value / perScope(r.limit) : undefined,
      bound: r.bound / perScope(r.limit),
    })),
    evaluations: solution.evaluations,
  };
}
