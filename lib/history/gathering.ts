import { type Place, Problem, placeInWords } from "./problem.js";
import type { HistoryRecord, Outcome } from "./record.js";

/** To which query an outcome belongs, where rows hold one outcome each. */
export interface OneOutcome {
  /** The same for all outcomes of a query. */
  readonly query: string;
  /** Tells a repeated query (another) from an outcome that is there twice (the same). */
  readonly instance: string;
}

/** Gathers records of one outcome each into records of whole queries, and keeps all of them until it is asked. */
export class Gathering {
  readonly #queries = new Map<string, Gathered[]>();
  /** In the order in which their first outcomes came. */
  readonly #all: Gathered[] = [];

  add(record: HistoryRecord, { query, instance }: OneOutcome, place: Place): Problem | undefined {
    const same = this.#queries.get(query) ?? [];
    const [model, outcome] = Object.entries(record.outcomes)[0]!;
    const twice = same.find(each => each.origins.get(model)?.instance === instance);
    if (twice)
      return new Problem(
        `is a second outcome of ${model} for its query, first at ${placeInWords(twice.origins.get(model)!.place)}`,
        "is a second outcome of a model for a query",
      );
    let gathered = same.find(each => !each.origins.has(model));
    if (gathered === undefined) {
      gathered = { record, place, outcomes: Object.create(null), inputTokens: [], origins: new Map() };
      this.#queries.set(query, [...same, gathered]);
      this.#all.push(gathered);
    }
    gathered.outcomes[model] = outcome;
    gathered.origins.set(model, { instance, place });
    if (record.inputTokens !== undefined) gathered.inputTokens.push(record.inputTokens);
    return undefined;
  }

  *records(): Generator<{ record: HistoryRecord; place: Place }> {
    for (const { record, place, outcomes, inputTokens } of this.#all) {
      const typical = typicalTokens(inputTokens);
      yield {
        record: { ...record, ...(typical === undefined ? {} : { inputTokens: typical }), outcomes },
        place,
      };
    }
  }
}

interface Gathered {
  /** The first, whose id and texts stand for all. */
  readonly record: HistoryRecord;
  readonly place: Place;
  readonly outcomes: Record<string, Outcome>;
  readonly inputTokens: number[];
  /** Of each model's outcome. */
  readonly origins: Map<string, { instance: string; place: Place }>;
}

/** Models have tokenizers of their own: the lower median of what they counted. */
export function typicalTokens(counts: readonly number[]): number | undefined {
  return counts.toSorted((a, b) => a - b)[(counts.length - 1) >> 1];
}
