import { OUTCOME_KEYS } from "../record.js";
import { oddKeysOf } from "../unknown-keys.js";
import { type AnyRow, type Converted, type Format, isObject, number, own, wrong } from "./format.js";

/**
 * Our own, see `HistoryRecord`: a query with the `outcomes` of its models; or, as a log of calls has it, a row for each
 * answer: `query`, `model`, and beside them `quality`, `outputTokens`, `cost` and whatever else an outcome may have. Its
 * numbers may be text, as in CSV.
 *
 * Rows of one `id` are outcomes of one query, and so are rows without an id that have the same text, but for a second
 * answer of the same model: that is another time that the query was asked.
 */
export const omnirouter: Format = {
  name: "omnirouter",
  matches: row => isObject(row.outcomes) || isFlat(row),
  convert(row) {
    const odd = oddKeysOf(row);
    const converted = isFlat(row) ? convertFlat(row) : { record: row };
    return odd.length === 0 || !("record" in converted) ? converted : { ...converted, odd };
  },
};

/** Whether the first line of a file names the columns of a CSV of such rows. */
export function isFlatHeader(columns: readonly string[]): boolean {
  return columns.includes("query") && columns.includes("model");
}

function isFlat(row: AnyRow): boolean {
  return "query" in row && "model" in row && (row.outcomes ?? null) === null;
}

function convertFlat(row: AnyRow): Converted | ReturnType<typeof wrong> {
  const { model, query, task, selection } = row;
  if (typeof model !== "string" || model === "") return wrong("model", model || null, "must be text");
  const outcome: Record<string, unknown> = {};
  for (const key of OUTCOME_KEYS) {
    const value = number(own(row, key));
    if (value !== null && key !== "metadata") outcome[key] = value;
  }
  const outcomes: Record<string, object> = Object.create(null);
  outcomes[model] = outcome;
  const id = row.id === "" ? undefined : (row.id ?? undefined);
  return {
    record: {
      id,
      query,
      task: task === "" ? undefined : task,
      inputTokens: number(row.inputTokens),
      ...(selection === undefined || selection === "" ? {} : { selection }),
      outcomes,
    },
    oneOutcome:
      id === undefined
        ? { query: JSON.stringify(["text", query]), instance: undefined }
        : { query: JSON.stringify(["id", String(id)]), instance: "", isNamed: true },
  };
}
