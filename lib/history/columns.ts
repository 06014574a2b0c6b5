import type { HistoryRecord, Outcome } from "./record.js";

/** A history by column; see `History` for what each holds. */
export interface HistoryColumns {
  readonly models: readonly string[];
  readonly ids: readonly string[];
  readonly queries: readonly string[];
  readonly tasks: readonly (string | undefined)[];
  readonly inputTokens: Float32Array;
  readonly quality: Float32Array;
  readonly outputTokens: Float32Array;
  readonly cost: Float32Array;
  readonly latencyMs: Float32Array;
}

/** The parts of an outcome, each a matrix of its own. */
export const QUANTITIES = [
  "quality",
  "outputTokens",
  "cost",
  "latencyMs",
] as const satisfies (keyof Outcome)[];

/** Turns records into columns, one at a time, without knowing how many there will be. */
export class HistoryBuilder {
  readonly #models: readonly string[];
  readonly #column: ReadonlyMap<string, number>;
  readonly #ids: string[] = [];
  readonly #queries: string[] = [];
  readonly #tasks: (string | undefined)[] = [];
  readonly #inputTokens = new Rows(1);
  readonly #matrices: Record<(typeof QUANTITIES)[number], Rows>;
  /** How many outcomes there were of each model that is not among the columns. */
  readonly unknown = new Map<string, number>();
  /** Records without a part of an outcome of any model among the columns. */
  withoutOutcomes = 0;

  constructor(models: readonly string[]) {
    this.#models = models;
    this.#column = new Map(models.map((model, column) => [model, column]));
    const matrix = () => new Rows(models.length);
    this.#matrices = { quality: matrix(), outputTokens: matrix(), cost: matrix(), latencyMs: matrix() };
  }

  append(record: HistoryRecord): void {
    this.#ids.push(record.id);
    this.#queries.push(record.query);
    this.#tasks.push(record.task);
    this.#inputTokens.add()[0] = record.inputTokens ?? Number.NaN;
    let isKnown = false;
    const rows = QUANTITIES.map(quantity => this.#matrices[quantity].add());
    for (const model of Object.keys(record.outcomes)) {
      const column = this.#column.get(model);
      if (column === undefined) {
        this.unknown.set(model, (this.unknown.get(model) ?? 0) + 1);
        continue;
      }
      const outcome = record.outcomes[model]!;
      QUANTITIES.forEach((quantity, index) => {
        const value = outcome[quantity];
        if (value === undefined) return;
        rows[index]![column] = value;
        isKnown = true;
      });
    }
    if (!isKnown) this.withoutOutcomes++;
  }

  columns(): HistoryColumns {
    const { quality, outputTokens, cost, latencyMs } = this.#matrices;
    return {
      models: this.#models,
      ids: this.#ids,
      queries: this.#queries,
      tasks: this.#tasks,
      inputTokens: this.#inputTokens.values(),
      quality: quality.values(),
      outputTokens: outputTokens.values(),
      cost: cost.values(),
      latencyMs: latencyMs.values(),
    };
  }
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
