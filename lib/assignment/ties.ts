import { invalid } from "../errors.js";
import { show } from "../show.js";

/**
 * Which of several models that are equal for a query gets it: the lowest index, or one that the seed, a 32-bit whole
 * number, and the query's place in the batch decide, so that equal models share such queries about evenly.
 */
export type Ties =
  | "lowest"
  | {
      /** A whole number from 0 to 2^32 - 1. */
      readonly seed: number;
    };

/** As the frame has it. @throws OmniRouterError */
export function checkTies(ties: Ties): number {
  if (ties === "lowest") return -1;
  const seed = typeof ties === "object" && ties !== null ? ties.seed : undefined;
  if (!(Number.isInteger(seed) && seed! >= 0 && seed! < 2 ** 32))
    throw invalid(
      "ties",
      `must be "lowest" or { seed } with a whole number from 0 to ${2 ** 32 - 1}, got ${show(ties)}`,
    );
  return seed!;
}
