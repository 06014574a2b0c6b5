import { type HistoryColumns, matricesOf, OUTCOME_PARTS, QUANTITIES, Rows } from "./columns.js";
import { History, type ModelOutcomes, NOTHING_OMITTED, type Omissions, omissionsOf } from "./history.js";
import { Problem } from "./problem.js";
import type { HistoryRecord, Outcome, Selection } from "./record.js";

/** Where a record belongs: to a query that is known, or to a new row. */
export interface Resolved {
  /** With the id of its row, and of its outcomes only those of the columns. */
  readonly record: HistoryRecord;
  readonly isNew: boolean;
}

/** What some records did to a history. */
export interface Grown {
  /** Rows that were added or changed, ascending. */
  readonly rows: readonly number[];
  /** How many of them are new: the last ones. */
  readonly added: number;
  /** Outcomes of which nothing had been known. */
  readonly outcomes: number;
  /** Outcomes that had been known, and were completed or replaced. */
  readonly changed: number;
}

/** What is new in some records. */
export interface News {
  /** A row for each of their queries, with the outcomes, or parts of them, of which nothing was known. */
  readonly history: History;
  /** Its rows' numbers in the history that they are news to; new queries have those that they will be given. */
  readonly rows: Int32Array;
}

type Quantity = (typeof QUANTITIES)[number];
type Part = (typeof OUTCOME_PARTS)[number];
type Matrices = Record<Part, Rows>;

/**
 * A history that takes in more records, in time proportional to them. Of a query that is known already, what a later
 * record says of an outcome replaces what was said before, part by part: a grade may come after its length and cost.
 */
export class GrowingHistory {
  readonly models: readonly string[];
  readonly #ids: string[];
  readonly #queries: string[];
  readonly #tasks: (string | undefined)[];
  readonly #selections: (Selection | undefined)[];
  readonly #inputTokens: Rows;
  readonly #matrices: Matrices;
  readonly #outcomes: number[];
  readonly #graded: number[];
  readonly #omissions: Omissions;
  readonly #column: ReadonlyMap<string, number>;
  readonly #byId: Map<string, number>;
  /** The first row of each text. */
  readonly #byText: Map<string, number>;

  private constructor(
    columns: Omit<HistoryColumns, Part>,
    matrices: Matrices,
    counts: readonly ModelOutcomes[],
    omissions: Omissions,
  ) {
    this.models = columns.models;
    // What the columns are a view of may have grown since.
    const size = columns.inputTokens.length;
    this.#ids = columns.ids.slice(0, size);
    this.#queries = columns.queries.slice(0, size);
    this.#tasks = columns.tasks.slice(0, size);
    this.#selections = columns.selections.slice(0, size);
    this.#inputTokens = new Rows(1, columns.inputTokens);
    this.#matrices = matrices;
    this.#outcomes = counts.map(({ outcomes }) => outcomes);
    this.#graded = counts.map(({ graded }) => graded);
    this.#omissions = omissions;
    this.#column = new Map(this.models.map((model, column) => [model, column]));
    this.#byId = new Map(this.#ids.map((id, row) => [id, row]));
    this.#byText = new Map();
    for (const [row, text] of this.#queries.entries())
      if (!this.#byText.has(text)) this.#byText.set(text, row);
  }

  /** A copy to grow: the history given stays as it is. */
  static of(history: History): GrowingHistory {
    const matrices = matricesOf(quantity => new Rows(history.models.length, history[quantity]));
    return new GrowingHistory(history, matrices, history.report.models, history.report);
  }

  static #without(models: readonly string[]): GrowingHistory {
    const columns = {
      models,
      ids: [],
      queries: [],
      tasks: [],
      selections: [],
      inputTokens: new Float32Array(0),
    };
    const matrices = matricesOf(() => new Rows(models.length));
    const counts = models.map(model => ({ model, outcomes: 0, graded: 0 }));
    return new GrowingHistory(columns, matrices, counts, NOTHING_OMITTED);
  }

  get size(): number {
    return this.#ids.length;
  }

  /**
   * The history as it is now, not copied: valid until the next {@link apply}.
   */
  view(): History {
    const counts = this.models.map((model, column) => ({
      model,
      outcomes: this.#outcomes[column]!,
      graded: this.#graded[column]!,
    }));
    return History.over(this.#columns(), this.#omissions, counts);
  }

  /**
   * The same queries for other models: known ones keep their outcomes, those of models that are left out are dropped. A row
   * that was complete is declared so, as it would not look it any more beside a model that could not be graded then.
   */
  withModels(models: readonly string[]): GrowingHistory {
    const from = models.map(model => this.#column.get(model));
    const matrices = matricesOf(quantity => {
      const values = new Float32Array(this.size * models.length).fill(Number.NaN);
      const old = this.#matrices[quantity].view();
      for (const [to, column] of from.entries()) {
        if (column === undefined) continue;
        for (let row = 0; row < this.size; row++)
          values[row * models.length + to] = old[row * this.models.length + column]!;
      }
      return new Rows(models.length, values);
    });
    const counts = models.map((model, to) => {
      const column = from[to];
      return column === undefined
        ? { model, outcomes: 0, graded: 0 }
        : { model, outcomes: this.#outcomes[column]!, graded: this.#graded[column]! };
    });
    const unknownModels = this.#omissions.unknownModels.filter(({ model }) => !models.includes(model));
    const selections = this.#selections.map((selection, row) => selection ?? this.#completeness(row));
    return new GrowingHistory({ ...this.#columns(), models, selections }, matrices, counts, {
      ...omissionsOf(this.#omissions),
      unknownModels,
      // Of the prices before.
      priceDoubts: [],
    });
  }

  /**
   * Finds where records belong, and leaves out those that say nothing new: changes nothing. A record belongs to the row
   * of its id; one that was given none (its id begins with `nameless`) to the first row with its text. Where there is
   * no such row it is a new one.
   *
   * @param leaveOut is told of a record whose id is that of another query
   */
  resolve<P extends { readonly record: HistoryRecord }>(
    records: readonly P[],
    nameless: string,
    leaveOut: (placed: P, problem: Problem) => void,
  ): Resolved[] {
    const resolved: Resolved[] = [];
    /** Of the new rows that these records will make. */
    const texts = new Map<string, string>();
    for (const placed of records) {
      const outcomes = this.#known(placed.record.outcomes);
      if (Object.keys(outcomes).length === 0) continue;
      const record = { ...placed.record, outcomes };
      const named = !record.id.startsWith(nameless);
      const row = named ? this.#byId.get(record.id) : this.#byText.get(record.query);
      if (row !== undefined) {
        if (this.#queries[row] !== record.query) {
          leaveOut(
            placed,
            new Problem(
              `id ${JSON.stringify(record.id)} is that of another query in the history: an id names one text`,
              "id is that of another query in the history",
            ),
          );
        } else if (this.#saysMore(row, record))
          resolved.push({ record: { ...record, id: this.#ids[row]! }, isNew: false });
        continue;
      }
      const id = named ? undefined : texts.get(record.query);
      resolved.push({ record: id === undefined ? record : { ...record, id }, isNew: id === undefined });
      if (!texts.has(record.query)) texts.set(record.query, record.id);
    }
    return resolved;
  }

  /** Takes in records that were {@link resolve}d, of which each names its row by its id. */
  apply(records: readonly HistoryRecord[]): Grown {
    const rows = new Set<number>();
    const before = this.size;
    let [outcomes, changed] = [0, 0];
    for (const record of records) {
      const row = this.#byId.get(record.id) ?? this.#append(record);
      rows.add(row);
      if (record.inputTokens !== undefined) this.#inputTokens.set(row, 0, record.inputTokens);
      if (record.task !== undefined) this.#tasks[row] = record.task;
      if (record.selection !== undefined) this.#selections[row] = record.selection;
      for (const [model, outcome] of Object.entries(record.outcomes)) {
        const column = this.#column.get(model);
        if (column === undefined) continue;
        if (this.#isKnown(row, column)) changed++;
        else {
          outcomes++;
          this.#outcomes[column]!++;
        }
        if (outcome.quality !== undefined && Number.isNaN(this.#matrices.quality.get(row, column)))
          this.#graded[column]!++;
        for (const part of OUTCOME_PARTS) {
          const value = outcome[part];
          if (value !== undefined) this.#matrices[part].set(row, column, value);
        }
      }
    }
    return { rows: [...rows].sort((a, b) => a - b), added: this.size - before, outcomes, changed };
  }

  /**
   * What records that were {@link resolve}d would add: grades of outcomes that had none, and lengths and costs of those
   * that had neither, so that each counts once, however often it is corrected. Changes nothing.
   */
  news(records: readonly HistoryRecord[]): News {
    const news = GrowingHistory.#without(this.models);
    const rows: number[] = [];
    let next = this.size;
    for (const record of records) {
      const row = this.#byId.get(record.id);
      const outcomes = row === undefined ? record.outcomes : this.#unknown(row, record.outcomes);
      if (row !== undefined && Object.keys(outcomes).length === 0) continue;
      const inputTokens = row === undefined || news.#byId.has(record.id) ? {} : this.#billed(row);
      const { added } = news.apply([{ ...inputTokens, ...record, outcomes }]);
      if (added > 0) rows.push(row ?? next++);
    }
    return { history: news.view(), rows: Int32Array.from(rows) };
  }

  /** The text of the row with an id, if there is one. */
  textOf(id: string): string | undefined {
    const row = this.#byId.get(id);
    return row === undefined ? undefined : this.#queries[row];
  }

  #append(record: HistoryRecord): number {
    const row = this.size;
    this.#ids.push(record.id);
    this.#queries.push(record.query);
    this.#tasks.push(undefined);
    this.#selections.push(undefined);
    this.#inputTokens.add();
    for (const part of OUTCOME_PARTS) this.#matrices[part].add();
    this.#byId.set(record.id, row);
    if (!this.#byText.has(record.query)) this.#byText.set(record.query, row);
    return row;
  }

  #columns(): HistoryColumns {
    return {
      models: this.models,
      ids: this.#ids,
      queries: this.#queries,
      tasks: this.#tasks,
      selections: this.#selections,
      inputTokens: this.#inputTokens.view(),
      ...matricesOf(part => this.#matrices[part].view()),
    };
  }

  /** `"complete"` where every model of the columns has a grade in the row. */
  #completeness(row: number): Selection | undefined {
    return this.models.every((_, column) => this.#isKnown(row, column, ["quality"])) ? "complete" : undefined;
  }

  #isKnown(row: number, column: number, quantities: readonly Quantity[] = QUANTITIES): boolean {
    return quantities.some(quantity => !Number.isNaN(this.#matrices[quantity].get(row, column)));
  }

  #billed(row: number): Pick<HistoryRecord, "inputTokens"> {
    const inputTokens = this.#inputTokens.get(row, 0);
    return Number.isNaN(inputTokens) ? {} : { inputTokens };
  }

  /** The parts of outcomes of which nothing is known: the grade, and the length or cost. */
  #unknown(row: number, outcomes: HistoryRecord["outcomes"]): Record<string, Outcome> {
    const unknown: Record<string, Outcome> = Object.create(null);
    for (const [model, { quality, outputTokens, cost }] of Object.entries(outcomes)) {
      const column = this.#column.get(model);
      if (column === undefined) continue;
      const parts = {
        ...(quality === undefined || this.#isKnown(row, column, ["quality"]) ? {} : { quality }),
        ...(this.#isKnown(row, column, ["outputTokens", "cost"])
          ? {}
          : {
              ...(outputTokens === undefined ? {} : { outputTokens }),
              ...(cost === undefined ? {} : { cost }),
            }),
      };
      if (Object.keys(parts).length > 0) unknown[model] = parts;
    }
    return unknown;
  }

  #saysMore(row: number, record: HistoryRecord): boolean {
    const differs = (value: number | undefined, known: number) =>
      value !== undefined && Math.fround(value) !== known;
    if (differs(record.inputTokens, this.#inputTokens.get(row, 0))) return true;
    if (record.task !== undefined && record.task !== this.#tasks[row]) return true;
    if (record.selection !== undefined && record.selection !== this.#selections[row]) return true;
    return Object.entries(record.outcomes).some(([model, outcome]) =>
      OUTCOME_PARTS.some(part =>
        differs(outcome[part], this.#matrices[part].get(row, this.#column.get(model)!)),
      ),
    );
  }

  /** The outcomes that say something of a model of the columns. */
  #known(outcomes: HistoryRecord["outcomes"]): Record<string, Outcome> {
    const known: Record<string, Outcome> = Object.create(null);
    for (const [model, outcome] of Object.entries(outcomes))
      if (this.#column.has(model) && Object.keys(outcome).length > 0) known[model] = outcome;
    return known;
  }
}
