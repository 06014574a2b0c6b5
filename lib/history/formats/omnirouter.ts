import { type Format, isObject } from "./format.js";

/** Our own: see `HistoryRecord`. */
export const omnirouter: Format = {
  name: "omnirouter",
  matches: row => isObject(row.outcomes),
  convert: record => ({ record }),
};
