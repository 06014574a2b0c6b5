import { type Place, Problem, placeInWords } from "./problem.js";
import type { HistoryRecord, Outcome } from "./record.js";

/** To which query an outcome belongs, where rows hold one outcome each. */
export interface OneOutcome {
  /** The same for all outcomes of a query. */
  readonly query: string;
  /** Tells a repeated query (another) from an outcome that is there twice (the same); `undefined` is like none. */
  readonly instance: string | undefined;
  /** Where the query is told by its id: it has one text, and parts of an outcome may come one by one. */
  readonly isNamed?: boolean;
}

/** Gathers records of one outcome each into records of whole queries, and keeps all of them until it is asked. */
export class Gathering {
  readonly #queries = new Map<string, OneQuery>();
  /** In the order in which their first outcomes came. */
  readonly #all: Gathered[] = [];

  add(record: HistoryRecord, { query, instance, isNamed }: OneOutcome, place: Place): Problem | undefined {
    let known = this.#queries.get(query);
    if (known === undefined) {
      known = { times: [], asked: new Map(), byInstance: new Map() };
      this.#queries.set(query, known);
    }
    const { times, asked, byInstance } = known;
    const [model, outcome] = Object.entries(record.outcomes)[0]!;
    const first = isNamed ? times[0] : undefined;
    if (first !== undefined && first.record.query !== record.query)
      return new Problem(
        `id ${JSON.stringify(record.id)} is that of another query, first at ${placeInWords(first.place)}: an id names one text`,
        "id is that of another query",
      );
    const key = instance === undefined ? undefined : JSON.stringify([model, instance]);
    const twice = key === undefined ? undefined : byInstance.get(key);
    if (twice !== undefined) {
      const { gathered, place: before } = twice;
      if (!isNamed || !agree(gathered.outcomes[model]!, outcome))
        return new Problem(
          `is a second outcome of ${model} for its query, first at ${placeInWords(before)}`,
          "is a second outcome of a model for a query",
        );
      gathered.outcomes[model] = { ...gathered.outcomes[model], ...outcome };
      if (record.inputTokens !== undefined) gathered.inputTokens.push(record.inputTokens);
      return undefined;
    }
    // A model's outcomes fill the times that a query was asked from the first on.
    const time = asked.get(model) ?? 0;
    asked.set(model, time + 1);
    let gathered = times[time];
    if (gathered === undefined) {
      gathered = { record, place, outcomes: Object.create(null), inputTokens: [] };
      times.push(gathered);
      this.#all.push(gathered);
    }
    gathered.outcomes[model] = outcome;
    if (key !== undefined) byInstance.set(key, { gathered, place });
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
}

/** A query, each time that it was asked. */
interface OneQuery {
  readonly times: Gathered[];
  /** Outcomes of each model so far. */
  readonly asked: Map<string, number>;
  /** Outcomes by model and instance, where there are instances. */
  readonly byInstance: Map<string, { readonly gathered: Gathered; readonly place: Place }>;
}

/** Whether no part of an outcome is said to be two things. */
function agree(one: Outcome, other: Outcome): boolean {
  return (Object.keys(other) as (keyof Outcome)[]).every(
    key => one[key] === undefined || one[key] === other[key],
  );
}

/** Models have tokenizers of their own: the lower median of what they counted. */
export function typicalTokens(counts: readonly number[]): number | undefined {
  return counts.toSorted((a, b) => a - b)[(counts.length - 1) >> 1];
}
