import { invalid } from "../errors.js";
import { show } from "../show.js";
import { checkArray } from "../typed-arrays.js";
import { STATUSES, STOP_REASONS, type Status, type StopReason } from "./binding.js";
import { type CompiledProblem, scopeOf } from "./compile.js";
import {
  ANSWER,
  FATE,
  LIMIT,
  limitAt,
  placesOf,
  QUANTITY,
  REACHABLE,
  RELAXED,
  REQUEST,
  WORK,
} from "./frame.js";
import { Prices } from "./prices.js";
import type { Limit } from "./problem.js";

/** How one limit fared. */
export interface LimitReport {
  /** As stated in the problem. */
  readonly limit: Limit;
  /** What the plan comes to in the limited sum or mean. */
  readonly value: number;
  /** The limit's bound, as stated. */
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
  /** The floor or budget, as stated in the problem. */
  readonly limit: Limit;
  /** The best value a plan was found with, in the limit's own terms; `undefined` if none was found. */
  readonly value: number | undefined;
  /** The value that no plan can better (certified); at most what the queries come to without any other limit. */
  readonly bound: number;
}

/** A limit that could not hold and was moved (`AssignOptions.relax`), in its own terms. */
export interface Relaxed {
  /** As stated in the problem. */
  readonly limit: Limit;
  /** The bound as stated. */
  readonly from: number;
  /** The nearest that can be reached, as far as was found; the plan holds it. */
  readonly to: number;
}

/**
 * What a solve did, counted: the same on every machine and for every number of threads, unless a `timeLimit` cut it short.
 */
export interface Work {
  /** Values of the matrices that were read. */
  readonly entries: number;
  /** Models of a query that were weighed against each other in the search for prices. */
  readonly softmins: number;
  /** Nodes of the exact search. */
  readonly nodes: number;
  /** Matrix entries that linear algebra changed, in steps of the simplex and of Newton's method. */
  readonly pivots: number;
  /** Changes of a plan that were examined. */
  readonly moves: number;
}

/** What the plan comes to, and what is proven of it. All sums are recomputed in double from the matrices and the plan. */
export interface Certificate {
  /** Of the limits as stated, also where some were relaxed. */
  readonly status: Status;
  /** Why the solve ended. */
  readonly stopped: StopReason;
  /** The objective's value; of a maximised objective, the value maximised. */
  readonly objective: number;
  /**
   * No plan that holds every limit, where it was moved to if it was relaxed, does better: a lower bound of what is
   * minimised, an upper bound of what is maximised. A limit holds that is missed by at most 1e-7 of its bound (`assign`); what the
   * computation of the bound itself may be rounded by is taken off. It is never better than {@link objective}.
   */
  readonly bound: number;
  /**
   * |objective - bound| / max(|objective|, |bound|, 1e-6 spread); NaN where the plan misses a limit, as its objective then
   * says nothing, unless it holds the relaxed limits, whose gap it then is. The spread, which gives the scale where both are nearly 0, is the sum over the queries of how far the
   * mean of their models' objective values lies above the least.
   */
  readonly gap: number;
  /** One for each limit of the problem, in its order. */
  readonly limits: readonly LimitReport[];
  /** The limits, as stated, that the plan misses, first the one it misses by most, relative to the bound. */
  readonly missed: readonly Limit[];
  /** By how much it misses them, relative to each bound, summed. 0 if the plan holds every limit. */
  readonly violation: number;
  /** If infeasible: the limits that cannot hold together. */
  readonly conflict: readonly Limit[];
  /** If no plan holds every limit: for each floor and budget, how near one can come while the other limits hold. */
  readonly reachable: readonly Reachable[];
  /** The limits that were moved for the plan to hold them, if `AssignOptions.relax` was asked for. */
  readonly relaxed: readonly Relaxed[];
  /** Evaluations of the dual function, over a sample of the queries or those that were still open. */
  readonly evaluations: number;
  /** All that was done, diagnosis included. */
  readonly work: Work;
}

/** The model that would have a query if its own were not allowed. */
export interface RunnerUp {
  /** Its name. */
  readonly model: string;
  /** How much worse it is at the given prices, in units of the minimised objective (USD where that is cost). */
  readonly loss: number;
}

/** One query's row of a plan. Made when asked for. */
export interface PlannedQuery {
  /** Its position in the batch, from 0. */
  readonly query: number;
  /** Name of the model that answers it. */
  readonly model: string;
  /** The quantities with the chosen model, e.g. `{ quality, cost }`. */
  readonly values: Readonly<Record<string, number>>;
  /**
   * The next best allowed model at the plan's prices, and what it would lose; absent if no other is allowed. A loss below 0
   * is a query moved off its best model so that a limit holds.
   */
  readonly runnerUp?: RunnerUp;
}

/** @internal A problem, and the answer to it. */
export interface Solved {
  readonly compiled: CompiledProblem;
  /** The frame with the request and the answer (frame.ts). */
  readonly numbers: ArrayLike<number>;
  readonly choice: Uint8Array;
}

/**
 * Who answers what: columns, so that a million queries are a few typed arrays and not a million objects. All but the
 * choice is worked out when it is first asked for.
 */
export class Plan {
  /**
   * Per query, the index of its model in {@link models}. It is `options.out`, where that was given; of a `Workspace`, it
   * is a view of its memory, which the next solve overwrites.
   */
  readonly choice: Uint8Array;
  readonly #solved: Solved;
  #certificate: Certificate | undefined;
  #prices: Prices | undefined;
  #requests: Float64Array | undefined;
  #totals: Readonly<Record<string, number>> | undefined;

  /** @internal */
  constructor(solved: Solved) {
    this.choice = solved.choice;
    this.#solved = solved;
  }

  /** Names of the models, in the order of the problem's columns: what {@link choice} counts. */
  get models(): readonly string[] {
    return this.#solved.compiled.models.list;
  }

  /** What the plan comes to, how each limit fared, and how far from the best possible it can be. */
  get certificate(): Certificate {
    this.#certificate ??= certificateOf(this.#solved);
    return this.#certificate;
  }

  /**
   * What each limit costs: the multipliers at which the certificate's bound is proven. To route further queries by
   * ({@link Prices.choose}), or to start the next solve from (`AssignOptions.warmStart`).
   */
  get prices(): Prices {
    this.#prices ??= pricesOf(this.#solved);
    return this.#prices;
  }

  /** Per model, its number of queries. */
  get requests(): Float64Array {
    const { compiled, numbers } = this.#solved;
    const { requests } = placesOf(numbers);
    this.#requests ??= Float64Array.from(compiled.models.list, (_, j) => numbers[requests + j]!);
    return this.#requests;
  }

  /** Sum of every quantity over the plan, by name: `{ cost, quality }`. */
  get totals(): Readonly<Record<string, number>> {
    const { compiled, numbers } = this.#solved;
    const { sums } = placesOf(numbers);
    this.#totals ??= Object.fromEntries(compiled.quantityNames.map((name, k) => [name, numbers[sums + k]!]));
    return this.#totals;
  }

  /** How the plan stands to the limits as stated, and to the best possible; the certificate's. */
  get status(): Status {
    return statusOf(this.#solved.numbers);
  }

  /** Whether every limit holds, as stated. */
  get feasible(): boolean {
    return isFeasible(this.status);
  }

  /** Whether limits that cannot hold were moved, and every limit holds where it is now (`AssignOptions.relax`). */
  get relaxed(): boolean {
    const { numbers } = this.#solved;
    return numbers[placesOf(numbers).answer + ANSWER.relaxed]! > 0;
  }

  /** Number of queries. */
  get size(): number {
    return this.#solved.compiled.rows;
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
    const { groups, groupNames, allowed: masks, quantityNames } = this.#solved.compiled;
    const matrices = quantityNames.map(name => this.#matrix(name));
    const number = groups?.[query] ?? 0;
    const group = groupNames?.list[number] ?? number;
    const allowed = masks?.[query];
    const valuesOf = (j: number) =>
      Object.fromEntries(
        quantityNames.map((name, k) => [name, matrices[k]![query * this.models.length + j]!]),
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

  /** Every query's row, as {@link at} makes it, in the order of the batch. */
  *[Symbol.iterator](): IterableIterator<PlannedQuery> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }

  #matrix(quantity: string): Float32Array {
    const { quantityNames, matrices } = this.#solved.compiled;
    const k = quantityNames.indexOf(quantity);
    if (k < 0)
      throw invalid(
        "quantity",
        `must be one of the plan's (${quantityNames.join(", ")}), got ${show(quantity)}`,
      );
    // Both are the caller's own, who may have transferred them since.
    const values = matrices[k]!;
    checkArray(values, "Float32Array", `quantities.${quantity}`);
    checkArray(this.choice, "Uint8Array", "choice");
    return values;
  }
}

function statusOf(numbers: ArrayLike<number>): Status {
  return STATUSES[numbers[placesOf(numbers).answer + ANSWER.status]!]!;
}

function isFeasible(status: Status): boolean {
  return status !== "infeasible" && status !== "unknown";
}

/** A limit as it was stated. */
function limitOf({ compiled, numbers }: Solved, l: number): Limit {
  const at = limitAt(compiled.quantityNames.length, l);
  const { quantity, sense, ...scope } = scopeOf(numbers, compiled, l);
  return {
    [numbers[at + LIMIT.mean] === 1 ? "mean" : "sum"]: quantity,
    [sense]: numbers[at + LIMIT.bound]!,
    ...scope,
  };
}

/** The natural step of a limit's bound, for prices people can read. */
function step(limit: Limit): number {
  return (limit.mean ?? limit.sum) === "quality" ? 0.01 : 1;
}

/** Of the quantities that have one by convention. */
const UNITS: Readonly<Record<string, string>> = { cost: "USD", latency: "second" };

function unitOf({ optimised, dollars }: CompiledProblem, limit: Limit): string {
  const worth = dollars ? "USD" : optimised === "quality" ? "total quality" : "objective";
  const sign = limit.atLeast !== undefined ? "+" : "extra ";
  const scope =
    (limit.group === undefined ? "" : ` of group ${limit.group}`) +
    (limit.model === undefined ? "" : ` of ${limit.model}`);
  if (limit.sum === "requests") return `${worth} per extra slot${scope}`;
  const quantity = (limit.mean ?? limit.sum)!;
  const size = step(limit) === 1 ? (UNITS[quantity] ?? "unit") : String(step(limit));
  const of = limit.mean !== undefined ? `mean ${limit.mean}` : `total ${limit.sum}`;
  return `${worth} per ${sign}${size} of ${of}${scope}`;
}

function pricesOf({ compiled, numbers }: Solved): Prices {
  const { fates } = placesOf(numbers);
  return pricesAt(compiled, numbers, l => numbers[fates + FATE.size * l + FATE.price]!);
}

/** @internal Prices of the limits of a compiled problem. */
export function pricesAt(
  compiled: CompiledProblem,
  numbers: ArrayLike<number>,
  price: (limit: number) => number,
): Prices {
  const objective: Record<string, number> = {};
  compiled.quantityNames.forEach((name, k) => {
    const weight = numbers[REQUEST.size + QUANTITY.size * k + QUANTITY.weight]!;
    if (weight !== 0) objective[name] = weight;
  });
  return new Prices(
    objective,
    Array.from({ length: numbers[REQUEST.limits]! }, (_, l) => ({
      ...scopeOf(numbers, compiled, l),
      price: price(l),
    })),
  );
}

function certificateOf(solved: Solved): Certificate {
  const { compiled, numbers } = solved;
  const { answer, fates, conflicts, missed, reachable, relaxed } = placesOf(numbers);
  const count = (field: number) => ({ length: numbers[answer + field]! });
  const status = statusOf(numbers);
  const limits = Array.from({ length: numbers[REQUEST.limits]! }, (_, l) => limitOf(solved, l));
  // A mean over no queries is 0 of 0: its limit says nothing, and is reported as kept.
  const perScope = (l: number) =>
    limits[l]!.mean === undefined
      ? 1
      : Math.max(1, numbers[limitAt(compiled.quantityNames.length, l) + LIMIT.scope]!);
  const sign = compiled.maximize ? -1 : 1;
  return {
    status,
    stopped: STOP_REASONS[numbers[answer + ANSWER.stopped]!]!,
    objective: sign * numbers[answer + ANSWER.objective]!,
    bound: sign * numbers[answer + ANSWER.bound]!,
    gap:
      isFeasible(status) || numbers[answer + ANSWER.relaxed]! > 0
        ? numbers[answer + ANSWER.gap]!
        : Number.NaN,
    limits: limits.map((limit, l) => {
      const fate = fates + FATE.size * l;
      return {
        limit,
        value: numbers[fate + FATE.total]! / perScope(l),
        bound: (limit.atLeast ?? limit.atMost)!,
        slack: numbers[fate + FATE.slack]! / perScope(l),
        price: numbers[fate + FATE.price]! * perScope(l) * step(limit),
        unit: unitOf(compiled, limit),
      };
    }),
    missed: Array.from(count(ANSWER.missed), (_, m) => limits[numbers[missed + m]!]!),
    violation: numbers[answer + ANSWER.violation]!,
    conflict: Array.from(count(ANSWER.conflicts), (_, c) => limits[numbers[conflicts + c]!]!),
    reachable: Array.from(count(ANSWER.reachable), (_, r) => {
      const at = reachable + REACHABLE.size * r;
      const l = numbers[at + REACHABLE.limit]!;
      return {
        limit: limits[l]!,
        value: numbers[at + REACHABLE.found] === 1 ? numbers[at + REACHABLE.value]! / perScope(l) : undefined,
        bound: numbers[at + REACHABLE.bound]! / perScope(l),
      };
    }),
    relaxed: Array.from(count(ANSWER.relaxed), (_, r) => {
      const at = relaxed + RELAXED.size * r;
      const l = numbers[at + RELAXED.limit]!;
      const limit = limits[l]!;
      return {
        limit,
        from: (limit.atLeast ?? limit.atMost)!,
        to: numbers[at + RELAXED.to]! / perScope(l),
      };
    }),
    evaluations: numbers[answer + ANSWER.evaluations]!,
    work: Object.fromEntries(
      WORK.map((kind, k) => [kind, numbers[answer + ANSWER.work + k]!]),
    ) as unknown as Work,
  };
}
