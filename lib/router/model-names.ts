import { invalid } from "../errors.js";
import { differenceInWords, lookAlike } from "../look-alike.js";
import { nearest } from "../nearest.js";
import type { ModelPool } from "../pool/pool.js";
import { show } from "../show.js";

/** The model's column; a name that the pool does not know is refused with the one that was likely meant. */
export function columnOf(pool: ModelPool, name: unknown, argument: string): number {
  const column = typeof name === "string" ? pool.indexOf(name) : -1;
  if (column >= 0) return column;
  if (typeof name !== "string") throw invalid(argument, `must be the name of a model, got ${show(name)}`);
  const alike = lookAlike(name, pool.names);
  if (alike !== undefined)
    throw invalid(argument, `names a model that is not in the pool: ${differenceInWords(name, alike)}`);
  throw invalid(
    argument,
    `names ${show(name)}, which is not in the pool; the nearest is ${show(nearest(name, pool.names))}`,
  );
}
