import type { HistoryRecord, Outcome, Selection } from "./record.js";

/** A history by column; see `History` for what each holds. */
export interface HistoryColumns {
  readonly models: readonly string[];
  readonly ids: readonly string[];
  readonly queries: readonly string[];
  readonly tasks: readonly (string | undefined)[];
  readonly selections: readonly (Selection | undefined)[];
  readonly inputTokens: Float32Array;
  readonly quality: Float32Array;
  readonly outputTokens: Float32Array;
  readonly cost: Float32Array;
  readonly latencyMs: Float32Array;
  readonly propensity: Float32Array;
}

/** The parts of an outcome that say something of the model's answer. */
export const QUANTITIES = [
  "quality",
  "outputTokens",
  "cost",
  "latencyMs",
] as const satisfies (keyof Outcome)[];

/** All parts of an outcome, each a matrix of its own. */
export const OUTCOME_PARTS = [...QUANTITIES, "propensity"] as const satisfies (keyof Outcome)[];

/** Turns records into columns, one at a time, without knowing how many there will be. */
export class HistoryBuilder {
  readonly #models: readonly string[];
  readonly #column: ReadonlyMap<string, number>;
  readonly #ids: string[] = [];
  readonly #queries: string[] = [];
  readonly #tasks: (string | undefined)[] = [];
  readonly #inputTokens = new Rows(1);
  readonly #matrices: Record<(typeof OUTCOME_PARTS)[number], Rows>;
  readonly #selections: (Selection | undefined)[] = [];
  readonly #selection: Selection | undefined;
  /** How many outcomes there were of each model that is not among the columns. */
  readonly unknown = new Map<string, number>();
  /** Records without a part of an outcome of any model among the columns. */
  withoutOutcomes = 0;

  /** @param selection of the records that do not say their own */
  constructor(models: readonly string[], selection?: Selection) {
    this.#models = models;
    this.#selection = selection;
    this.#column = new Map(models.map((model, column) => [model, column]));
    this.#matrices = matricesOf(() => new Rows(models.length));
  }

  append(record: HistoryRecord): void {
    this.#ids.push(record.id);
    this.#queries.push(record.query);
    this.#tasks.push(record.task);
    this.#selections.push(record.selection ?? this.#selection);
    this.#inputTokens.add()[0] = record.inputTokens ?? Number.NaN;
    let isKnown = false;
    const rows = OUTCOME_PARTS.map(part => this.#matrices[part].add());
    for (const model of Object.keys(record.outcomes)) {
      const column = this.#column.get(model);
      if (column === undefined) {
        this.unknown.set(model, (this.unknown.get(model) ?? 0) + 1);
        continue;
      }
      const outcome = record.outcomes[model]!;
      OUTCOME_PARTS.forEach((part, index) => {
        const value = outcome[part];
        if (value === undefined) return;
        rows[index]![column] = value;
        if (part !== "propensity") isKnown = true;
      });
    }
    if (!isKnown) this.withoutOutcomes++;
  }

  columns(): HistoryColumns {
    return {
      models: this.#models,
      ids: this.#ids,
      queries: this.#queries,
      tasks: this.#tasks,
      selections: this.#selections,
      inputTokens: this.#inputTokens.values(),
      ...matricesOf(part => this.#matrices[part].values()),
    };
  }
}

/** One thing for each part of an outcome. */
export function matricesOf<T>(
  make: (part: (typeof OUTCOME_PARTS)[number]) => T,
): Record<(typeof OUTCOME_PARTS)[number], T> {
  return {
    quality: make("quality"),
    outputTokens: make("outputTokens"),
    cost: make("cost"),
    latencyMs: make("latencyMs"),
    propensity: make("propensity"),
  };
}

/** A row-major matrix that doubles when it is full. */
export class Rows {
  readonly width: number;
  #values: Float32Array;
  #used: number;

  /** @param values whole rows to begin with, which are copied. */
  constructor(width: number, values: Float32Array = new Float32Array(0)) {
    this.width = width;
    this.#values = values.slice();
    this.#used = values.length;
  }

  /** A view of a new row of NaN, valid until the next one is added. */
  add(): Float32Array {
    const end = this.#used + this.width;
    if (end > this.#values.length) {
      const larger = new Float32Array(Math.max(end, 2 * this.#values.length, 1024 * this.width)).fill(
        Number.NaN,
      );
      larger.set(this.#values);
      this.#values = larger;
    }
    const row = this.#values.subarray(this.#used, end);
    this.#used = end;
    return row;
  }

  get(row: number, column: number): number {
    return this.#values[row * this.width + column]!;
  }

  set(row: number, column: number, value: number): void {
    this.#values[row * this.width + column] = value;
  }

  /** A view of all rows. */
  view(): Float32Array {
    return this.#values.subarray(0, this.#used);
  }

  values(): Float32Array {
    return this.view().slice();
  }
}
