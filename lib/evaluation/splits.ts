import { type Random, seededRandom } from "../random.js";

/** Rows of the set on either side; disjoint, together all of it, in random order. */
export interface Split {
  readonly history: Int32Array;
  readonly heldOut: Int32Array;
}

/**
 * Parts queries at random, by query and not by outcome. Queries that differ only in case, spacing or punctuation are one
 * query asked twice, and stay together: else a router could look its answers up.
 *
 * @param share of the queries that become history, about: a group of like queries is not divided
 */
export function splitQueries(queries: readonly string[], share: number, seed: number): Split {
  const random = seededRandom(seed);
  const history: number[] = [];
  const heldOut: number[] = [];
  for (const rows of shuffled(likeQueries(queries), random))
    (history.length < share * queries.length ? history : heldOut).push(...rows);
  return { history: Int32Array.from(history), heldOut: Int32Array.from(heldOut) };
}

/** Per query the number of its fold, 0 to `folds` - 1; like queries are of one fold. For cross-validation inside a history. */
export function foldsOf(queries: readonly string[], folds: number, seed: number): Uint8Array {
  const fold = new Uint8Array(queries.length);
  shuffled(likeQueries(queries), seededRandom(seed)).forEach((rows, place) => {
    for (const row of rows) fold[row] = place % folds;
  });
  return fold;
}

/** Rows by what their queries say. A text without a letter or digit is only like itself. */
function likeQueries(queries: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  queries.forEach((query, row) => {
    const said = query
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "");
    const key = said === "" ? `raw ${query}` : said;
    const rows = groups.get(key);
    if (rows === undefined) groups.set(key, [row]);
    else rows.push(row);
  });
  return [...groups.values()];
}

/** Fisher and Yates. */
function shuffled<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
