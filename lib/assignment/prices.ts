import * as z from "zod";
import { binding } from "../binding.js";
import { invalid, OmniRouterError } from "../errors.js";
import { checkObject } from "../keys.js";
import { native } from "../task.js";
import {
  type AssignmentProblem,
  checkModels,
  compileProblem,
  type Limit,
  namingQuantity,
} from "./problem.js";

/** The price of one limit: what one unit more of the limited sum is worth, in units of the objective. Never negative. */
export interface LimitPrice {
  /** The limited quantity, or `"requests"`. */
  readonly quantity: string;
  readonly sense: "atLeast" | "atMost";
  /** The group's name where the problem named its groups, else its number. */
  readonly group?: number | string;
  readonly model?: string;
  readonly price: number;
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
  readonly limits: readonly LimitPrice[];

  constructor(objective: Readonly<Record<string, number>>, limits: readonly LimitPrice[]) {
    this.objective = objective;
    this.limits = limits;
    for (const [name, weight] of Object.entries(objective))
      if (!Number.isFinite(weight))
        throw invalid(`objective.${name}`, `must be a finite weight, got ${weight}`);
    limits.forEach(({ price, sense }, l) => {
      if (!(Number.isFinite(price) && price >= 0))
        throw invalid(`limits[${l}].price`, `must be a finite number >= 0, got ${price}`);
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
    const found = this.limits.find(
      l =>
        l.quantity === quantity &&
        l.group === scope.group &&
        l.model === scope.model &&
        (scope.sense === undefined || l.sense === scope.sense),
    );
    return found?.price ?? 0;
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
   * @returns `out`: per query, the index of the chosen model. Ties go to the lowest index.
   */
  choose(
    problem: Pick<AssignmentProblem, "models" | "quantities" | "allowed" | "groups" | "groupNames">,
    out?: Uint8Array,
  ): Uint8Array {
    checkObject(problem, "problem");
    const models = checkModels(problem.models);
    // A price for a model or a group that is not there binds nobody. compileProblem refuses groups of another type.
    const groups =
      problem.groups instanceof Uint16Array
        ? problem.groups.reduce((most, g) => Math.max(most, g), 0) + 1
        : 1;
    const number = (group: number | string) =>
      typeof group === "number" ? group : (problem.groupNames?.indexOf(group) ?? -1);
    const isPresent = (group: number | string) => number(group) >= 0 && number(group) < groups;
    const present = this.limits.filter(
      l =>
        (l.model === undefined || models.includes(l.model)) && (l.group === undefined || isPresent(l.group)),
    );
    const compiled = compileProblem({
      ...problem,
      objective: { minimize: this.objective },
      limits: present.map(
        ({ quantity, sense, price: _, ...scope }): Limit => ({ sum: quantity, [sense]: 0, ...scope }),
      ),
    });
    const choice = out ?? new Uint8Array(compiled.rows);
    if (!(choice instanceof Uint8Array) || choice.length !== compiled.rows)
      throw invalid("out", `must be a Uint8Array of ${compiled.rows} elements, one per query`);
    const prices = Float64Array.from(present, l => l.price);
    try {
      native(() => binding().chooseByPrices(compiled.native, prices, choice));
    } catch (error) {
      throw namingQuantity(error, compiled);
    }
    return choice;
  }

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
