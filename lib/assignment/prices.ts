import * as z from "zod";
import { binding } from "../binding.js";
import { brand, isBranded } from "../brand.js";
import { fromNative, invalid, OmniRouterError } from "../errors.js";
import { checkKeys, checkObject } from "../keys.js";
import { show } from "../show.js";
import { checkOut, chosen } from "./choice.js";
import {
  type Batch,
  type CompiledProblem,
  checkGroupNames,
  compileBatch,
  countGroups,
  type LimitScope,
  namingQuantity,
  PROBLEM_KEYS,
  writeHeader,
  writeTieBreak,
} from "./compile.js";
import { Frame, LIMIT, limitAt, MAX_GROUPS, QUANTITY, REQUEST } from "./frame.js";
import type { Names } from "./names.js";
import type { AssignmentProblem } from "./problem.js";
import { checkTies, type Ties } from "./ties.js";

/** The price of one limit: what one unit more of the limited sum is worth, in units of the objective. Never negative. */
export interface LimitPrice extends LimitScope {
  /** In units of the minimised objective per unit of the limited sum, >= 0; a mean is limited as the sum that it comes to. */
  readonly price: number;
}

/** How a batch is routed by prices. */
export interface ChooseOptions {
  /** Which of several models with the same least value gets a query. Default `"lowest"`. */
  readonly ties?: Ties;
}

const FORMAT = "omnirouter-prices";
const VERSION = 1;

const savedHeader = z.object({ format: z.literal(FORMAT), version: z.number() });
const savedPrices = z.object({
  objective: z.record(z.string(), z.number()),
  limits: z.array(
    z.strictObject({
      quantity: z.string(),
      sense: z.enum(["atLeast", "atMost"]),
      group: z.union([z.number(), z.string()]).optional(),
      model: z.string().optional(),
      price: z.number().min(0),
    }),
  ),
});

/**
 * The multipliers of a solve: all that is needed to route further queries the same way, one by one and without a solve.
 * A query goes to the model with the least
 *
 *     objective(j) - sum over floors price * quantity(j) + sum over ceilings price * quantity(j)
 *
 * (arXiv 2502.20576, section 3.2: argmin_j c_ij - lambda a_ij + mu_j). Prices are per unit of a *sum*, so they do not
 * depend on how many queries were solved for; models are named, so they survive a reordered pool.
 */
export class Prices {
  /** Weight of each quantity in the minimised objective: `{ cost: 1 }`, or `{ quality: -1 }`. */
  readonly objective: Readonly<Record<string, number>>;
  /** One for each limit of the solve, in its order; 0 where it did not bind. */
  readonly limits: readonly LimitPrice[];
  /** The request made last, for the next batch of the same models and quantities. */
  #request: Request | undefined;

  /**
   * Prices of one's own making; those of a solve are `plan.prices`.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for a weight that is not finite, or a price below 0
   */
  constructor(objective: Readonly<Record<string, number>>, limits: readonly LimitPrice[]) {
    checkObject(objective, "objective");
    if (!Array.isArray(limits)) throw invalid("limits", "must be an array of prices");
    limits.forEach((limit, l) => {
      checkObject(limit, `limits[${l}]`);
    });
    // Copies, because a request made from them is kept.
    this.objective = Object.freeze({ ...objective });
    this.limits = Object.freeze(limits.map(limit => Object.freeze({ ...limit })));
    for (const [name, weight] of Object.entries(objective))
      if (!Number.isFinite(weight))
        throw invalid(`objective.${name}`, `must be a finite weight, got ${show(weight)}`);
    limits.forEach(({ price, sense }, l) => {
      if (!(Number.isFinite(price) && price >= 0))
        throw invalid(`limits[${l}].price`, `must be a finite number >= 0, got ${show(price)}`);
      if (sense !== "atLeast" && sense !== "atMost")
        throw invalid(`limits[${l}].sense`, 'must be "atLeast" or "atMost"');
    });
  }

  /**
   * The price of the limit on `quantity` over everything, a group or a model; 0 if there is none. Where both a floor and a
   * ceiling limit it, `sense` says which is meant.
   */
  of(
    quantity: string,
    scope: { group?: number | string; model?: string; sense?: "atLeast" | "atMost" } = {},
  ): number {
    const { group, model, sense } = scope;
    return this.limits.find(limit => isOn(limit, quantity, sense, group, model))?.price ?? 0;
  }

  /**
   * What one query costs with one model once every limit is paid for.
   *
   * @param model name of the model.
   * @param values the query's quantities with that model, by name; one that has a price or a weight must be there.
   * @param group the query's group, as the prices call it.
   */
  reduced(model: string, values: Readonly<Record<string, number>>, group: number | string = 0): number {
    let sum = 0;
    const value = (quantity: string) => {
      const x = quantity === "requests" ? 1 : values[quantity];
      if (x === undefined) throw invalid(`values.${quantity}`, "is missing, and has a price");
      return x;
    };
    for (const [quantity, weight] of Object.entries(this.objective))
      if (weight !== 0) sum += weight * value(quantity);
    for (const limit of this.limits) {
      if (limit.price === 0 || (limit.group !== undefined && limit.group !== group)) continue;
      if (limit.model !== undefined && limit.model !== model) continue;
      sum += (limit.sense === "atLeast" ? -limit.price : limit.price) * value(limit.quantity);
    }
    return sum;
  }

  /**
   * Routes a batch by these prices, synchronously and without a solve; limits do not bind, they only cost.
   *
   * @param problem models, quantities, masks and groups; its objective and limits are not looked at.
   * @param out where to write, one element per query; a new array if absent.
   * @returns `out`: per query, the index of the chosen model.
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming it: as `assign` does, or for a quantity that has a price
   *   and is not among the problem's
   */
  choose(
    problem: Pick<AssignmentProblem, "models" | "quantities" | "allowed" | "groups" | "groupNames">,
    out?: Uint8Array,
    options?: ChooseOptions,
  ): Uint8Array {
    checkKeys(problem, PROBLEM_KEYS, "problem");
    return this.chooseBatch(compileBatch(problem), problem.groupNames, out, options);
  }

  /** @internal */
  chooseBatch(
    batch: Batch,
    names: readonly string[] | undefined,
    out: Uint8Array | undefined,
    options?: ChooseOptions,
  ): Uint8Array {
    if (options !== undefined) checkKeys(options, ["ties"], "options");
    const { rows, matrices, allowed, groups } = batch;
    const groupNames = checkGroupNames(names);
    const groupCount =
      groups === undefined && groupNames === undefined
        ? 1
        : Frame.use(frame => countGroups(batch, groupNames, frame.groupRows));
    if (out !== undefined) checkOut(out, rows);
    if (this.#request === undefined || !suits(this.#request, batch, groupNames))
      this.#request = this.#requestFor(batch, groupNames);
    const { numbers, groups: pricedGroups } = this.#request;
    numbers[REQUEST.rows] = rows;
    numbers[REQUEST.groups] = Math.max(groupCount, pricedGroups);
    numbers[REQUEST.ties] = checkTies(options?.ties ?? "lowest");
    try {
      return chosen(rows, out, choice =>
        binding().chooseByPrices(numbers, matrices, allowed, groups, choice),
      );
    } catch (error) {
      throw namingQuantity(fromNative(error), batch);
    }
  }

  /** @internal The prices of a compiled problem's limits, into its frame: to start a solve from. */
  writeTo(numbers: Float64Array, compiled: CompiledProblem): void {
    const { quantityNames, groupNames, models } = compiled;
    const limits = numbers[REQUEST.limits]!;
    for (let l = 0; l < limits; l++) {
      const at = limitAt(quantityNames.length, l);
      const quantity = quantityNames[numbers[at + LIMIT.quantity]!] ?? "requests";
      const sense = numbers[at + LIMIT.atLeast] === 1 ? "atLeast" : "atMost";
      const number = numbers[at + LIMIT.group]!;
      const group = number < 0 ? undefined : (groupNames?.list[number] ?? number);
      const model = models.list[numbers[at + LIMIT.model]!];
      // Mostly the limits are those of the solve that the prices are of, in their order.
      const own = this.limits[l];
      const found =
        own !== undefined && isOn(own, quantity, sense, group, model)
          ? own
          : this.limits.find(limit => isOn(limit, quantity, sense, group, model));
      numbers[at + LIMIT.price] = found?.price ?? 0;
    }
  }

  /** A request to choose by these prices; a price for a model or a group that is not there binds nobody. */
  #requestFor(batch: Batch, groupNames: Names | undefined): Request {
    const { models, quantityNames } = batch;
    const indexOf = (quantity: string) => {
      const k = quantityNames.indexOf(quantity);
      if (k < 0) throw invalid(`quantities.${quantity}`, "is missing, and has a price");
      return k;
    };
    const present: number[] = [];
    let pricedGroups = 1;
    for (const { quantity, sense, group, model, price } of this.limits) {
      const column = model === undefined ? -1 : models.indexOf(model);
      const number = typeof group === "string" ? (groupNames?.indexOf(group) ?? -1) : (group ?? -1);
      const absent =
        (model !== undefined && column < 0) ||
        (group !== undefined && !(Number.isInteger(number) && number >= 0 && number < MAX_GROUPS));
      if (price === 0 || absent) continue;
      pricedGroups = Math.max(pricedGroups, number + 1);
      const limit = new Array<number>(LIMIT.size).fill(0);
      limit[LIMIT.quantity] = quantity === "requests" ? -1 : indexOf(quantity);
      limit[LIMIT.atLeast] = sense === "atLeast" ? 1 : 0;
      limit[LIMIT.group] = number;
      limit[LIMIT.model] = column;
      limit[LIMIT.price] = price;
      present.push(...limit);
    }
    const start = limitAt(quantityNames.length, 0);
    const numbers = new Float64Array(start + present.length);
    writeHeader(numbers, 0, models, quantityNames, present.length / LIMIT.size, pricedGroups);
    for (const [name, weight] of Object.entries(this.objective))
      if (weight !== 0) numbers[REQUEST.size + QUANTITY.size * indexOf(name) + QUANTITY.weight] = weight;
    writeTieBreak(numbers, quantityNames);
    numbers.set(present, start);
    return { models, quantityNames, groupNames, numbers, groups: pricedGroups };
  }

  static {
    brand(Prices.prototype, "Prices");
  }

  /** @internal Prices as an object of this class, where they are of another copy of this package. */
  static own(prices: unknown, argument: string): Prices {
    if (prices instanceof Prices) return prices;
    if (!isBranded(prices, "Prices"))
      throw invalid(argument, `must be the Prices of a plan, got ${show(prices)}`);
    return Prices.fromJSON((prices as Prices).toJSON());
  }

  /** A plain object that {@link fromJSON} reads, in this release and later ones: `JSON.stringify` asks for it. */
  toJSON(): object {
    return { format: FORMAT, version: VERSION, objective: this.objective, limits: this.limits };
  }

  /** @throws OmniRouterError `ERR_OMNI_CORRUPT` or `ERR_OMNI_VERSION` for anything but what {@link toJSON} made. */
  static fromJSON(json: unknown): Prices {
    const header = savedHeader.safeParse(json);
    if (!header.success)
      throw new OmniRouterError("ERR_OMNI_CORRUPT", "these are not saved prices", { cause: header.error });
    if (header.data.version !== VERSION)
      throw new OmniRouterError(
        "ERR_OMNI_VERSION",
        `prices of format version ${header.data.version}; this release reads ${VERSION}`,
      );
    const saved = savedPrices.safeParse(json);
    if (!saved.success) {
      const { path, message } = saved.error.issues[0]!;
      const where = path.join(".");
      throw new OmniRouterError("ERR_OMNI_CORRUPT", `saved prices are damaged: ${where}: ${message}`, {
        cause: saved.error,
      });
    }
    return new Prices(saved.data.objective, saved.data.limits as LimitPrice[]);
  }
}

function isOn(
  limit: LimitPrice,
  quantity: string,
  sense: "atLeast" | "atMost" | undefined,
  group: number | string | undefined,
  model: string | undefined,
): boolean {
  return (
    limit.quantity === quantity &&
    limit.group === group &&
    limit.model === model &&
    (sense === undefined || limit.sense === sense)
  );
}

interface Request {
  readonly models: Names;
  readonly quantityNames: readonly string[];
  readonly groupNames: Names | undefined;
  /** Its numbers (frame.ts): all but the sizes of the batch. */
  readonly numbers: Float64Array;
  /** As many groups as have to be told of, because they have a price. */
  readonly groups: number;
}

function suits(request: Request, { models, quantityNames }: Batch, groupNames: Names | undefined): boolean {
  if (request.models !== models || request.groupNames !== groupNames) return false;
  const { quantityNames: own } = request;
  if (own.length !== quantityNames.length) return false;
  for (let k = 0; k < own.length; k++) if (own[k] !== quantityNames[k]) return false;
  return true;
}
