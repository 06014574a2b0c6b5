import type { Plan } from "../assignment/plan.js";
import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem, Limit } from "../assignment/problem.js";
import { type Bound, boundOf } from "./bound.js";
import type { Correction, FloorAsked, QualityPromise } from "./promise.js";
import { type FloorHistory, type Refusal, type Residuals, residualsAt, type Scope } from "./residuals.js";
import { type BatchLikeness, type Shift, shiftOf } from "./shift.js";

/** A promise that exceeds what was asked for by less is not worth another solve; of few queries, part of one. */
const TOLERANCE = 2.5e-4;
const TOLERANCE_IN_QUERIES = 0.02;
/**
 * A novelty beyond which nothing is promised. Batches of a task that the history lacks had .7 to .94 in simulated worlds, those
 * like the history and those of a single known task 0.
 */
const MOST_NOVELTY = 0.5;
/** In the mean that a plan with a promise reports; smaller than a tenth of the usual margin. */
const PROMISE_CORRECTION_TOLERANCE = 0.002;
/** Of means of 32-bit predictions. */
const ROUNDING = 1e-6;

/** What is known of one plan. */
interface Look {
  /** Mean of the predictions as they were corrected for the solve, by its own correction and by those of tenants. */
  readonly predicted: number;
  readonly residuals: Residuals | Refusal;
  readonly bound: Bound | undefined;
  /** The floor that the plan was solved for. */
  readonly floor: number;
  /** Whether the plan's mean is at that floor, so that a lower floor would let it sink. */
  readonly binds: boolean;
}

/**
 * A batch, or a tenant's part of it, while the correction of its predictions and the floor of corrected quality are looked
 * for, under which what was asked holds.
 */
export class FloorScope {
  readonly asked: FloorAsked;
  /** Row numbers of the batch. */
  readonly rows: Int32Array;
  readonly #history: FloorHistory;
  readonly #models: number;
  readonly #quality: Float32Array;
  readonly #scope: Scope;
  readonly #shift: Shift | undefined;
  readonly #weights: Float64Array;
  readonly #tolerance: number;
  #correction = 0;
  /** The residuals' bias at the last prices, where they are known. */
  #bias = 0;
  #looks = 0;
  #floor: number;
  /** The highest floor that fell short, and the lowest that did not. */
  #short = Number.NEGATIVE_INFINITY;
  #enough = Number.POSITIVE_INFINITY;
  #last: Look | undefined;
  #best = 0;

  /** @param problem with the predictions as they are, uncorrected */
  constructor(asked: FloorAsked, problem: AssignmentProblem, history: FloorHistory, likeness: BatchLikeness) {
    const { allowed, groups, groupNames, models } = problem;
    const quality = problem.quantities.quality!;
    const group = asked.group === undefined ? -1 : (groupNames?.indexOf(asked.group) ?? -1);
    const all = Int32Array.from({ length: quality.length / models.length }, (_, i) => i);
    const rows = asked.group === undefined ? all : all.filter(i => groups?.[i] === group);
    this.asked = asked;
    this.rows = rows;
    this.#history = history;
    this.#models = models.length;
    this.#quality = quality;
    this.#scope = {
      ...(allowed === undefined ? {} : { allowed: BigUint64Array.from(rows, i => allowed[i]!) }),
      ...(groups === undefined ? {} : { groups: Uint16Array.from(rows, i => groups[i]!) }),
      ...(groupNames === undefined ? {} : { groupNames }),
    };
    this.#tolerance = Math.max(TOLERANCE, TOLERANCE_IN_QUERIES / rows.length);
    this.#floor = asked.minQuality ?? 0;
    if (this.empty) {
      this.#weights = new Float64Array(0);
      return;
    }
    const own = {
      cluster: Uint8Array.from(rows, i => likeness.cluster[i]!),
      nearest: Float32Array.from(rows, i => likeness.nearest[i]!),
    };
    const { shift, weights } = shiftOf(own, history);
    this.#shift = shift;
    this.#weights = weights;
  }

  get empty(): boolean {
    return this.rows.length === 0;
  }

  /** Whether realised quality is promised, and not just expected. */
  get isPromise(): boolean {
    return this.asked.confidence !== undefined;
  }

  /** Whether most of it is unlike the history: nothing shows how well anything is predicted there. */
  get #isNew(): boolean {
    return (this.#shift?.novelty ?? 0) > MOST_NOVELTY;
  }

  /** Whether there is anything to say of it. */
  get looked(): boolean {
    return this.empty || this.#last !== undefined;
  }

  /** What is added to the quality of its rows in the next solve. */
  get correction(): number {
    return this.#correction;
  }

  /**
   * Whether the correction that the last plan was solved with is that of its own policy. A promise does not rest on it, as its
   * bound has the bias of the very policy: there it need not be exact.
   */
  get settled(): boolean {
    const tolerance = this.isPromise ? PROMISE_CORRECTION_TOLERANCE : this.#tolerance;
    return this.empty || Math.abs(this.#bias - this.#correction) <= tolerance;
  }

  /** The floor of corrected quality to solve for next; absent where none was asked for. */
  get limit(): Limit | undefined {
    const { group, minQuality } = this.asked;
    if (minQuality === undefined || (this.empty && this.isPromise)) return undefined;
    return { mean: "quality", atLeast: this.#floor, ...(group === undefined ? {} : { group }) };
  }

  look(plan: Plan): void {
    if (this.empty) return;
    const { prices, choice } = plan;
    const models = Uint8Array.from(this.rows, i => choice[i]!);
    const chosen = Float32Array.from(this.rows, (i, at) => this.#quality[i * this.#models + models[at]!]!);
    const values = plan.column("quality");
    const predicted = this.rows.reduce((sum, i) => sum + values[i]!, 0) / this.rows.length;
    const residuals = residualsAt(ofKnownQuantities(prices), this.#history, this.#scope, this.#weights);
    const { confidence } = this.asked;
    const bound =
      "reason" in residuals || confidence === undefined || this.#isNew
        ? undefined
        : boundOf(chosen, models, residuals, confidence, this.#shift?.novelty ?? 0);
    const binds = predicted <= this.#floor + this.#tolerance;
    this.#bias = "reason" in residuals ? 0 : residuals.bias;
    this.#last = { predicted, residuals, bound, floor: this.#floor, binds };
    this.#best = Math.max(this.#best, bound?.quality ?? 0);
  }

  /** Whether the plan last looked at keeps what was asked. */
  get holds(): boolean {
    const { minQuality } = this.asked;
    if (this.empty || minQuality === undefined) return true;
    if (!this.isPromise) return (this.#last?.predicted ?? 0) >= minQuality - ROUNDING;
    return (this.#last?.bound?.quality ?? 0) >= minQuality;
  }

  /** Whether it holds, and a lower floor would gain next to nothing. */
  get tight(): boolean {
    const { minQuality } = this.asked;
    if (!this.holds) return false;
    if (this.empty || minQuality === undefined || this.#last?.bound === undefined) return true;
    const { bound, binds } = this.#last;
    const closed = this.#enough - this.#short <= this.#tolerance / 2;
    return !binds || closed || bound.quality - minQuality <= this.#tolerance;
  }

  /**
   * Takes the last policy's bias for the correction. Where policy and correction chase each other, half the way is gone from the
   * third time on.
   */
  correct(): void {
    if (this.isPromise && this.settled) return;
    this.#looks++;
    this.#correction = this.#looks > 2 ? (this.#correction + this.#bias) / 2 : this.#bias;
  }

  /** Moves the floor to where the promise should just hold; `far`: to the highest quality there is. */
  move(far: boolean): void {
    if (this.empty || !this.isPromise || this.#last === undefined) return;
    const { predicted, floor, bound } = this.#last;
    if (this.holds) this.#enough = Math.min(this.#enough, floor, predicted);
    else this.#short = Math.max(this.#short, Math.min(floor, predicted));
    // A floor that was moved to the nearest within reach, and will do.
    if (this.holds && predicted < floor - ROUNDING) {
      this.#floor = predicted;
      return;
    }
    if (far && this.#enough === Number.POSITIVE_INFINITY) {
      this.#floor = 1;
      return;
    }
    const next = this.asked.minQuality! + (bound === undefined ? 1 : predicted - bound.quality);
    const between = next > this.#short && next < this.#enough;
    const halved = (Math.max(this.#short, 0) + Math.min(this.#enough, 1)) / 2;
    this.#floor = Math.min(Math.max(between ? next : halved, 0), 1);
  }

  /** What can be promised of the plan last looked at; `final`, where no plan keeps all that was asked. */
  promise(final: boolean): QualityPromise {
    const { minQuality, confidence, group } = this.asked;
    const about = {
      ...(group === undefined ? {} : { group }),
      confidence: confidence!,
      ...(minQuality === undefined ? {} : { asked: minQuality }),
      queries: this.rows.length,
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
      best: refused ? this.#best : (bound?.quality ?? 0),
      // With the bias of the very policy: the correction of the solve is that of the policy before, or nearly so.
      predicted: bound === undefined ? predicted : bound.quality + bound.margin.total,
      margin: bound?.margin ?? { ...NO_MARGIN, total: predicted, history: predicted },
      ...(minQuality === undefined ? {} : { floor: last.floor }),
      ...(this.#shift === undefined ? {} : { shift: this.#shift }),
      outcomes: "reason" in residuals ? 0 : residuals.outcomes,
      ...(refused ? { reason: reasonOf(last, minQuality!) } : {}),
    };
  }

  /** What the predictions of its rows were corrected by. */
  report(): Correction {
    const { group } = this.asked;
    const residuals = this.#last?.residuals;
    const about = group === undefined ? {} : { group };
    if (residuals === undefined || "reason" in residuals)
      return {
        ...about,
        bias: this.#correction,
        standardError: Number.NaN,
        outcomes: 0,
        reason: residuals?.reason ?? "history",
      };
    const { standardError, outcomes } = residuals;
    return { ...about, bias: this.#correction, standardError, outcomes };
  }
}

/** A prediction with its correction is one of quality still. */
export function correctedQuality(predicted: number, correction: number): number {
  return Math.min(Math.max(predicted + correction, 0), 1);
}

const NO_MARGIN = { total: 0, sampling: 0, history: 0, shift: 0 };

function reasonOf(
  { predicted, bound, residuals }: Look,
  asked: number,
): NonNullable<QualityPromise["reason"]> {
  if ("reason" in residuals) return residuals.reason;
  if (bound === undefined) return "shift";
  if (predicted < asked) return "quality";
  const { sampling, history, shift } = bound.margin;
  if (shift >= sampling && shift >= history) return "shift";
  return sampling >= history ? "batch" : "history";
}

/** Out of fold, quality and cost are predicted: other limits' prices cannot be followed on the history. */
function ofKnownQuantities(prices: Prices): Prices {
  const known = prices.limits.filter(({ quantity }) => ["quality", "cost", "requests"].includes(quantity));
  return known.length === prices.limits.length ? prices : new Prices(prices.objective, known);
}
