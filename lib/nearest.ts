import { closest } from "fastest-levenshtein";

/**
 * The known name that was most likely meant: one that holds the name, or that it holds (`gpt-4o` for
 * `gpt-4o-2024-08-06`), before one that is spelt alike. `known` is not empty.
 */
export function nearest(name: string, known: readonly string[]): string {
  const wanted = name.toLowerCase();
  const lower = known.map(candidate => candidate.toLowerCase());
  const kin = lower.filter(candidate => candidate.includes(wanted) || wanted.includes(candidate));
  return known[lower.indexOf(closest(wanted, wanted === "" || kin.length === 0 ? lower : kin))]!;
}
