import * as z from "zod";
import { show } from "../show.js";
import { Problem } from "./problem.js";

/** Larger than any text, bill or wait; beyond it sums and products of the 32-bit columns would turn into infinity. */
export const MAX_AMOUNT = 1e9;

/** What may stand in a record. `metadata` is the caller's own, and not looked at. */
export const RECORD_KEYS: readonly string[] = [
  "id",
  "query",
  "inputTokens",
  "task",
  "outcomes",
  "selection",
  "metadata",
];

/** What may stand in an outcome. */
export const OUTCOME_KEYS: readonly string[] = [
  "quality",
  "outputTokens",
  "cost",
  "latencyMs",
  "firstTokenMs",
  "propensity",
  "metadata",
];

const got = (issue: { readonly input?: unknown }) => `got ${show(issue.input)}`;

/** A number that logs may leave out or write as null: both say that it is not known. */
function known(sentence: string, maximum: number, tooLarge = sentence) {
  const error = (issue: { readonly input?: unknown }) => `${sentence}, ${got(issue)}`;
  return z
    .number({ error })
    .min(0, { error })
    .max(maximum, { error: issue => `${tooLarge}, ${got(issue)}` })
    .nullish();
}

const amount = known("must be a finite number >= 0", MAX_AMOUNT, "must be 1,000,000,000 at most");

/** True and false are right and wrong. */
const grade = z.preprocess(
  value => (typeof value === "boolean" ? Number(value) : value),
  known("must be between 0 and 1", 1),
);

const propensity = (() => {
  const error = (issue: { readonly input?: unknown }) => `must be above 0 and at most 1, ${got(issue)}`;
  return z.number({ error }).positive({ error }).max(1, { error }).nullish();
})();

/** A schema for every key of T, and no other. */
type SchemaOf<T> = Record<keyof T, z.ZodType>;

const text = (sentence: string) =>
  z.string({ error: issue => (issue.input === undefined ? "is missing" : `${sentence}, ${got(issue)}`) });

/**
 * How it was decided which models' grades a record holds. A promise of realised quality rests on records of which that is
 * known; see docs/own-data.md.
 *
 * - `"complete"`: every model that could be graded at the time was.
 * - `"random"`: chance decided, with the same probabilities for every query.
 * - `"text"`: the text alone decided, with or without chance: whoever chose knew nothing else of the query.
 * - `"unknown"`: anything else, such as a policy or a person that saw more than the text.
 */
export type Selection = "complete" | "random" | "text" | "unknown";

/** @internal */
export const SELECTIONS = ["complete", "random", "text", "unknown"] as const satisfies readonly Selection[];

/** What one model made of one query. Every part may be unknown. */
export interface Outcome {
  /** The grade of the model's answer, from 0 (wrong) to 1 (right). */
  readonly quality?: number;
  /** Length of the answer in tokens. */
  readonly outputTokens?: number;
  /** What the answer cost, USD. */
  readonly cost?: number;
  /** Time to the whole answer, milliseconds. */
  readonly latencyMs?: number;
  /**
   * The probability, above 0 and at most 1, that this model's grade would be observed, given only what was known before the
   * model was chosen. Where an outcome says it, the record's {@link HistoryRecord.selection} need not be known.
   */
  readonly propensity?: number;
}

/** One graded query of the past. */
export interface HistoryRecord {
  /** Names the record; stands once in a history. */
  readonly id: string;
  /** The text that was sent to the models. */
  readonly query: string;
  /** Length of the whole input in tokens, where known. */
  readonly inputTokens?: number;
  /** A label for reports, never a feature. */
  readonly task?: string;
  /**
   * How it was decided which models were graded. Unless declared, a record with a grade of every model of the pool is
   * `"complete"` and any other is `"unknown"`.
   */
  readonly selection?: Selection;
  /**
   * What each model made of the query, by the model's name; models may be missing. Has no prototype, so that no model's
   * name can hit upon a member of Object.
   */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

const outcome = z.object(
  {
    quality: grade,
    outputTokens: amount,
    cost: amount,
    latencyMs: amount,
    propensity,
  } satisfies SchemaOf<Outcome>,
  { error: issue => `must be an object, ${got(issue)}` },
);

/** zod's record silently leaves this key out, and so would an outcome be lost. */
const namesOnly = z.custom<object>(
  value => !(typeof value === "object" && value && Object.hasOwn(value, "__proto__")),
  {
    error: "must not name a model __proto__",
  },
);

/** A line of history as it may be written: null, or a missing part, says that it is not known. */
const schema = z.object(
  {
    /** Logs often number their records: a whole number is taken as its digits. Empty is as good as missing. */
    id: z
      .union([z.string(), z.int().transform(String)], { error: issue => `must be text, ${got(issue)}` })
      .nullish(),
    query: text("must be text"),
    inputTokens: amount,
    task: text("must be text").nullish(),
    selection: z
      .enum(SELECTIONS, { error: issue => `must be one of ${SELECTIONS.join(", ")}, ${got(issue)}` })
      .nullish(),
    outcomes: namesOnly
      .pipe(
        z.record(z.string(), outcome.nullish(), {
          error: issue => `must be an object of outcomes by model, ${got(issue)}`,
        }),
      )
      .nullish(),
  } satisfies SchemaOf<HistoryRecord>,
  { error: issue => `must be an object, ${got(issue)}` },
);

/**
 * Checks one record and drops what is null; `fallbackId` stands in for a missing id. A problem instead of a record says
 * what is wrong: `outcomes["gpt-4o"].quality must be between 0 and 1, got 1.3`.
 */
export function parseRecord(value: unknown, fallbackId: string): HistoryRecord | Problem {
  // Before the schema, which takes its time to say so: a file of something else has millions of them.
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return new Problem(`must be an object, got ${show(value)}`, "must be an object");
  const result = schema.safeParse(value);
  if (!result.success) return describe(result.error);
  const { id, query, inputTokens, task, selection, outcomes } = result.data;
  const present: Record<string, Outcome> = Object.create(null);
  for (const model of Object.keys(outcomes ?? {})) {
    const outcome = outcomes![model];
    if (outcome) present[model] = withoutNulls(outcome);
  }
  return {
    id: wellFormed(id || fallbackId),
    query: wellFormed(query),
    ...(typeof inputTokens === "number" ? { inputTokens } : {}),
    ...(typeof task === "string" ? { task: wellFormed(task) } : {}),
    ...(selection ? { selection } : {}),
    outcomes: present,
  };
}

function withoutNulls(value: z.output<typeof outcome>): Outcome {
  let key: keyof typeof value;
  for (key in value) if (value[key] === null || value[key] === undefined) delete value[key];
  return value as Outcome;
}

/** Half of a surrogate pair has no UTF-8 form: texts are made storable once, here. */
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text, "utf8").toString("utf8") : text;
}

function describe(error: z.ZodError): Problem {
  const [issue, ...others] = error.issues;
  const { path, message } = issue!;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  // Every sentence above ends where what was got begins.
  const [sentence] = message.split(", got ");
  const anyModel = path.map((part, index) => (index === 1 && path[0] === "outcomes" ? ANY : String(part)));
  return new Problem(`${inWords(path.map(String))}${message}${more}`, `${inWords(anyModel)}${sentence}`);
}

/** Stands for whatever model in a path. */
const ANY = Symbol("any");

function inWords(path: readonly (string | typeof ANY)[]): string {
  const text = path.reduce<string>((before, key) => {
    if (key === ANY) return `${before}.*`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${before}[${JSON.stringify(key)}]`;
    return before === "" ? key : `${before}.${key}`;
  }, "");
  return text === "" ? "" : `${text} `;
}
