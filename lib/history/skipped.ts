import { mostFirst } from "./most-first.js";
import type { BadRecord } from "./read.js";

/** So many bad records are kept for the report; a million more are only counted. */
const KEPT_BAD_RECORDS = 20;

/** Records left out because they were bad. In formats whose rows hold one outcome each, such a record is a row. */
export interface Skipped {
  /** How many in all. */
  readonly count: number;
  /** How many were bad in which way, the most frequent first. */
  readonly kinds: readonly {
    /** What was wrong, in words that are the same for all records of the kind. */
    readonly kind: string;
    /** Records of the kind. */
    readonly count: number;
  }[];
  /** The first of them all. */
  readonly first: readonly BadRecord[];
}

/** Counts bad records, and keeps the first. */
export class SkippedRecords {
  readonly first: BadRecord[] = [];
  count = 0;
  readonly #kinds = new Map<string, number>();

  add(bad: BadRecord): void {
    if (this.count++ < KEPT_BAD_RECORDS) this.first.push(bad);
    this.#kinds.set(bad.kind, (this.#kinds.get(bad.kind) ?? 0) + 1);
  }

  report(): Skipped {
    const kinds = mostFirst(this.#kinds).map(([kind, count]) => ({ kind, count }));
    return { count: this.count, kinds, first: this.first };
  }
}
