import type { Plan } from "../assignment/plan.js";
import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem, Limit } from "../assignment/problem.js";
import { type Bound, boundOf } from "./bound.js";
import type { PromiseAsked, QualityPromise } from "./promise.js";
import { type FloorHistory, type Residuals, residualsAt, type Scope } from "./residuals.js";

/** A promise that exceeds what was asked for by less is not worth another solve; of few queries, part of one. */
const TOLERANCE = 2.5e-4;
const TOLERANCE_IN_QUERIES = 0.02;

/** What is known of one plan. */
interface Look {
  readonly predicted: number;
  readonly residuals: Residuals | undefined;
  readonly bound: Bound;
  /** The floor that the plan was solved for. */
  readonly floor: number;
  /** Whether the plan's mean is at that floor, so that a lower floor would let it sink. */
  readonly binds: boolean;
}

/** One promise while its floor of predicted quality is looked for: over a batch, or over a tenant's part of it. */
export class PromiseScope {
  readonly asked: PromiseAsked;
  readonly #history: FloorHistory;
  /** Row numbers of the batch. */
  readonly #rows: Int32Array;
  readonly #models: number;
  readonly #quality: Float32Array;
  readonly #scope: Scope;
  readonly #tolerance: number;
  #floor: number;
  /** The highest floor that fell short, and the lowest that did not. */
  #short = Number.NEGATIVE_INFINITY;
  #enough = Number.POSITIVE_INFINITY;
  #last: Look | undefined;
  #best = 0;

  constructor(asked: PromiseAsked, problem: AssignmentProblem, history: FloorHistory) {
    const { allowed, groups, groupNames, models } = problem;
    const quality = problem.quantities.quality!;
    const group = asked.group === undefined ? -1 : (groupNames?.indexOf(asked.group) ?? -1);
    const all = Int32Array.from({ length: quality.length / models.length }, (_, i) => i);
    const rows = asked.group === undefined ? all : all.filter(i => groups?.[i] === group);
    this.asked = asked;
    this.#history = history;
    this.#rows = rows;
    this.#models = models.length;
    this.#quality = quality;
    this.#scope = {
      ...(allowed === undefined ? {} : { allowed: BigUint64Array.from(rows, i => allowed[i]!) }),
      ...(groups === undefined ? {} : { groups: Uint16Array.from(rows, i => groups[i]!) }),
      ...(groupNames === undefined ? {} : { groupNames }),
    };
    this.#tolerance = Math.max(TOLERANCE, TOLERANCE_IN_QUERIES / rows.length);
    this.#floor = asked.minQuality ?? 0;
  }

  get empty(): boolean {
    return this.#rows.length === 0;
  }

  /** Whether there is anything to say of it. */
  get looked(): boolean {
    return this.empty || this.#last !== undefined;
  }

  /** The floor of predicted quality to solve for next. */
  get limit(): Limit {
    const { group } = this.asked;
    return { mean: "quality", atLeast: this.#floor, ...(group === undefined ? {} : { group }) };
  }

  look(plan: Plan): void {
    if (this.empty) return;
    const { prices, choice } = plan;
    const chosen = Float32Array.from(this.#rows, i => this.#quality[i * this.#models + choice[i]!]!);
    const predicted = chosen.reduce((sum, p) => sum + p, 0) / chosen.length;
    const residuals = residualsAt(ofKnownQuantities(prices), this.#history, this.#scope);
    const bound =
      residuals === undefined ? nothing(predicted) : boundOf(chosen, residuals, this.asked.confidence);
    const binds = predicted <= this.#floor + this.#tolerance;
    this.#last = { predicted, residuals, bound, floor: this.#floor, binds };
    this.#best = Math.max(this.#best, bound.quality);
  }

  /** Whether the plan last looked at keeps what was asked. */
  get holds(): boolean {
    const { minQuality } = this.asked;
    return this.empty || minQuality === undefined || (this.#last?.bound.quality ?? 0) >= minQuality;
  }

  /** Whether it holds, and a lower floor would gain next to nothing. */
  get tight(): boolean {
    const { minQuality } = this.asked;
    if (!this.holds) return false;
    if (this.empty || minQuality === undefined || this.#last === undefined) return true;
    const { bound, binds } = this.#last;
    const settled = this.#enough - this.#short <= this.#tolerance / 2;
    return !binds || settled || bound.quality - minQuality <= this.#tolerance;
  }

  /** Moves the floor to where the promise should just hold; `far`: to the highest quality there is. */
  move(far: boolean): void {
    if (this.empty || this.#last === undefined) return;
    const { predicted, floor, bound } = this.#last;
    if (this.holds) this.#enough = Math.min(this.#enough, floor, predicted);
    else this.#short = Math.max(this.#short, Math.min(floor, predicted));
    if (far && this.#enough === Number.POSITIVE_INFINITY) {
      this.#floor = 1;
      return;
    }
    const next = this.asked.minQuality! + bound.margin.total;
    const between = next > this.#short && next < this.#enough;
    const halved = (Math.max(this.#short, 0) + Math.min(this.#enough, 1)) / 2;
    this.#floor = Math.min(Math.max(between ? next : halved, 0), 1);
  }

  /** What can be said of the plan last looked at; `final`, where no plan keeps all that was asked. */
  promise(final: boolean): QualityPromise {
    const { minQuality, confidence, group } = this.asked;
    const about = {
      ...(group === undefined ? {} : { group }),
      confidence,
      ...(minQuality === undefined ? {} : { asked: minQuality }),
      queries: this.#rows.length,
    };
    const last = this.#last;
    if (last === undefined)
      // A mean over no queries: every floor holds.
      return { ...about, refused: false, best: 1, predicted: Number.NaN, margin: NO_MARGIN, outcomes: 0 };
    const { predicted, bound, residuals } = last;
    const refused = final && !this.holds;
    return {
      ...about,
      refused,
      best: refused ? this.#best : bound.quality,
      predicted,
      margin: bound.margin,
      ...(minQuality === undefined ? {} : { floor: last.floor }),
      outcomes: residuals?.outcomes ?? 0,
      ...(refused ? { reason: reasonOf(last, minQuality!) } : {}),
    };
  }
}

const NO_MARGIN = { total: 0, bias: 0, sampling: 0, history: 0 };

/** Without a history to judge by nothing is promised. */
function nothing(predicted: number): Bound {
  return { quality: 0, margin: { total: predicted, bias: 0, sampling: 0, history: predicted } };
}

function reasonOf(
  { predicted, bound, residuals }: Look,
  asked: number,
): NonNullable<QualityPromise["reason"]> {
  const { bias, sampling, history } = bound.margin;
  if (residuals === undefined) return "history";
  if (predicted - bias < asked) return "quality";
  return sampling >= history ? "batch" : "history";
}

/** Out of fold, quality and cost are predicted: other limits' prices cannot be followed on the history. */
function ofKnownQuantities(prices: Prices): Prices {
  const known = prices.limits.filter(({ quantity }) => ["quality", "cost", "requests"].includes(quantity));
  return known.length === prices.limits.length ? prices : new Prices(prices.objective, known);
}
