import { closest } from "fastest-levenshtein";

/** The known name that was most likely meant; `known` is not empty. */
export function nearest(name: string, known: readonly string[]): string {
  const lower = known.map(candidate => candidate.toLowerCase());
  return known[lower.indexOf(closest(name.toLowerCase(), lower))]!;
}
