import * as z from "zod";
import { MAX_MODELS } from "../assignment/frame.js";
import { differenceInWords, lookAlike } from "../look-alike.js";
import { nearest } from "../nearest.js";
import { show } from "../show.js";

/** One model of the pool. */
export interface Model {
  /** The model's name, as the history's outcomes call it. Unique in the pool. */
  readonly name: string;
  /** USD per 1M input tokens, finite, >= 0. */
  readonly inputPer1M: number;
  /** USD per 1M output tokens, finite, >= 0. */
  readonly outputPer1M: number;
  /** Whole number of queries that the model may take in one batch; absent = no limit. */
  readonly capacity?: number | undefined;
  /** Where the prices come from: carried along, not interpreted. */
  readonly priceSource?: string | undefined;
  /** The caller's own: neither looked at nor kept. */
  readonly metadata?: unknown;
}

const name = z
  .string({
    error: issue => (issue.input === undefined ? "is missing" : `must be text, got ${show(issue.input)}`),
  })
  .refine(text => text.trim() === text && text !== "", "must be text without blanks at its ends")
  // Results are keyed by model name, and this one key a plain object cannot hold.
  .refine(text => text !== "__proto__", "cannot be a model's name");

/** A thousand USD for each token. */
const MAX_PRICE = 1e9;

const price = z
  .number({
    error: issue =>
      issue.input === undefined || issue.input === null
        ? "is missing; no model is free because its price is missing; write 0 if it is"
        : `must be a finite number of USD per 1M tokens, got ${show(issue.input)}`,
  })
  .min(0, { error: issue => `must be >= 0, got ${show(issue.input)}` })
  .max(MAX_PRICE, {
    error: issue => `must be 1,000,000,000 USD per 1M tokens at most, got ${show(issue.input)}`,
  });

const capacity = z.custom<number>(value => Number.isSafeInteger(value) && (value as number) >= 0, {
  abort: false,
  error: issue =>
    `must be a whole number >= 0 of queries per batch, got ${show(issue.input)}; leave it out for no limit`,
});

const model = z.strictObject(
  {
    name,
    inputPer1M: price,
    outputPer1M: price,
    capacity: capacity.optional(),
    priceSource: z.string({ error: "must be text" }).optional(),
    metadata: z.unknown().optional(),
  } satisfies Record<keyof Model, z.ZodType>,
  { error: issue => (issue.code === "invalid_type" ? "must be an object with name and prices" : undefined) },
);

/** Names that differ in case are two, as they are told apart at sight; names that are seen to be one are not. */
function seenAlike(name: string, names: Iterable<string>): string | undefined {
  const alike = lookAlike(name, names);
  const isSeen =
    alike !== undefined && name.normalize("NFC").toLowerCase() === alike.normalize("NFC").toLowerCase();
  return isSeen && name.normalize("NFC") !== alike.normalize("NFC") ? undefined : alike;
}

/**
 * The schema of a pool. Duplicate names are looked for even where other problems were found (`when`), so that one run
 * lists everything there is to mend.
 */
export const poolSchema = z.strictObject(
  {
    models: z
      .array(model, {
        error: issue => (issue.input === undefined ? "is missing" : "must be a list of models"),
      })
      .min(1, "is empty: a pool needs at least one model")
      .max(MAX_MODELS, {
        error: issue => `holds ${(issue.input as unknown[]).length} models, the limit is ${MAX_MODELS}`,
      })
      .superRefine(
        (models, context) => {
          const first = new Map<string, number>();
          (models as readonly unknown[]).forEach((entry, index) => {
            const called = (entry as { name?: unknown } | null | undefined)?.name;
            if (typeof called !== "string") return;
            const earlier = first.get(called);
            const alike = earlier === undefined ? seenAlike(called, first.keys()) : undefined;
            if (earlier !== undefined || alike !== undefined)
              context.addIssue({
                code: "custom",
                path: [index, "name"],
                message:
                  alike === undefined
                    ? `${show(called)} is the name of models[${earlier}] already`
                    : `is the name of models[${first.get(alike)}] but for what cannot be seen: ${differenceInWords(called, alike)}`,
              });
            else first.set(called, index);
          });
        },
        { when: payload => Array.isArray(payload.value) },
      ),
  },
  {
    error: issue =>
      issue.code === "invalid_type"
        ? "must be a list of models, or an object with the key models"
        : undefined,
  },
);

export interface PoolProblem {
  /** `models[3].inputPer1M`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
}

/** zod's issues in our words: a path as one would write it in code, an unknown key with the known one nearest to it. */
export function problems(error: z.ZodError): PoolProblem[] {
  return error.issues.flatMap(issue => {
    const path = issue.path.reduce<string>(
      (text, part) =>
        typeof part === "number"
          ? `${text}[${part}]`
          : text === ""
            ? String(part)
            : `${text}.${String(part)}`,
      "",
    );
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    const known = Object.keys(path === "" ? poolSchema.shape : model.shape);
    return issue.keys.map(key => ({
      path: path === "" ? key : `${path}.${key}`,
      message: `is not a known key; the nearest is ${nearest(key, known)}`,
    }));
  });
}
