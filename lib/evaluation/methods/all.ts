import { carrot } from "./carrot.js";
import { clusters } from "./clusters.js";
import { matrixFactorisation } from "./matrix-factorisation.js";
import type { Method } from "./method.js";
import { oracle } from "./oracle.js";
import { ours, oursConfident } from "./ours.js";
import { port } from "./port.js";
import { bestSingle, cheapest, random } from "./single.js";
import { threshold } from "./threshold.js";

/** In the order in which tables and legends list them. */
export const METHODS: readonly Method[] = [
  ours,
  oursConfident,
  carrot,
  matrixFactorisation,
  clusters,
  port,
  threshold,
  bestSingle,
  cheapest,
  random,
  oracle,
];
