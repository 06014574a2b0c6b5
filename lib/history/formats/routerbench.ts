import { Problem } from "../problem.js";
import { type AnyRow, type Converted, type Format, number, own, wrong } from "./format.js";
import { textOfPythonList } from "./python-list.js";

const COST = "|total_cost";
const RESPONSE = "|model_response";

/**
 * RouterBench (arXiv 2403.12031). Published as pickles of pandas, which only Python reads; this reads what pandas
 * writes of them, as CSV (with or without its column of row numbers) or as JSON records, one a line or in an array:
 *
 * - wide, as `routerbench_0shot` and `_5shot` are: `sample_id`, `prompt`, `eval_name`, for every model a column
 *   of its name with the grade, and `MODEL|model_response`, `MODEL|total_cost`; `oracle_model_to_route_to`;
 * - long, as `routerbench_raw` is, a row for each answer: `sample_id`, `prompt`, `eval_name`, `model_name`,
 *   `performance`, `model_response`, `cost` or `total_cost`.
 *
 * A column is a model's where one of the two beside it says so: a lone column of grades is not seen. Other columns are
 * passed over, and the oracle's are. A prompt that is a Python list of turns is read as its turns. There are no
 * tokens; where there is a cost, `NeighbourPredictor` derives them from it.
 *
 * The wide columns and cells are verified against published excerpts of `routerbench_0shot` and the benchmark's code
 * (github.com/withmartian/routerbench); the long ones against that code alone.
 */
export const routerBench: Format = {
  name: "routerbench",
  matches: row => "prompt" in row && (isLong(row) || modelsOf(row).length > 0),
  convert: row => (isLong(row) ? convertLong(row) : convertWide(row)),
};

/** Whether the first line of a file names the columns of a CSV of RouterBench's. */
export function isRouterBenchHeader(columns: readonly string[]): boolean {
  if (!columns.includes("prompt")) return false;
  return (
    columns.some(column => column.endsWith(COST) || column.endsWith(RESPONSE)) ||
    (columns.includes("model_name") && columns.includes("performance"))
  );
}

function isLong(row: AnyRow): boolean {
  return "model_name" in row && "performance" in row;
}

function modelsOf(row: AnyRow): string[] {
  const models = new Set<string>();
  for (const column of Object.keys(row))
    for (const suffix of [COST, RESPONSE])
      if (column.endsWith(suffix)) models.add(column.slice(0, -suffix.length));
  models.delete("oracle");
  return [...models];
}

function convertWide(row: AnyRow): Converted | Problem {
  const models = modelsOf(row);
  if (models.length === 0)
    return new Problem("has no model: no column MODEL|total_cost or MODEL|model_response");
  const outcomes: Record<string, object> = Object.create(null);
  for (const model of models) {
    const outcome = { quality: number(own(row, model)), cost: number(own(row, model + COST)) };
    if (outcome.quality !== null || outcome.cost !== null) outcomes[model] = outcome;
  }
  return { record: { ...commonOf(row), outcomes } };
}

function convertLong(row: AnyRow): Converted | Problem {
  const { model_name: model } = row;
  if (typeof model !== "string" || model === "") return wrong("model_name", model || null, "must be text");
  const common = commonOf(row);
  const outcomes: Record<string, object> = Object.create(null);
  outcomes[model] = { quality: number(row.performance), cost: number(row.cost ?? row.total_cost) };
  return {
    record: { ...common, outcomes },
    oneOutcome: { query: JSON.stringify([common.id, common.task, common.query]), instance: "" },
  };
}

function commonOf({ sample_id, prompt, eval_name }: AnyRow): { id: unknown; query: unknown; task: unknown } {
  return {
    id: sample_id,
    query:
      typeof prompt === "string"
        ? textOfPythonList(prompt)
        : Array.isArray(prompt)
          ? prompt.join("\n\n")
          : prompt,
    task: eval_name,
  };
}
