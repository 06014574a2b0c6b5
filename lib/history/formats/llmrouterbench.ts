import { type AnyRow, type Format, isObject, number, numberedId, wrong } from "./format.js";
import { usageOf } from "./usage.js";

/**
 * LLMRouterBench (arXiv 2601.07206): a JSON document for each model and data set, as its data_collector/storage.py
 * writes them (github.com/ynulihao/LLMRouterBench):
 *
 *     {"model_name": "gpt-5", "dataset_name": "aime", "split": "test", ...,
 *      "records": [{"index": 1, "origin_query": "...", "prompt": "...", "score": 1.0, "prompt_tokens": 15,
 *                   "completion_tokens": 5, "cost": 0.0001, ...}]}
 *
 * A query's outcomes thus come from several files, which are read as one history. They are put together by data set,
 * split and prompt; not by index, which the benchmark's own loaders do not rely on either. A prompt that a file has
 * twice under two indices is two queries. The benchmark keeps old runs beside new ones: two of a model and data set are
 * told as second outcomes.
 *
 * Verified against that code, not against the published results. A score of null is unknown (the benchmark's own loader
 * takes it as 0); so are tokens and costs of 0, as `usageOf` says.
 */
export const llmRouterBench: Format = {
  name: "llmrouterbench",
  matches: row => "model_name" in row && "score" in row && ("prompt" in row || "origin_query" in row),
  convert(row) {
    const { model_name: model, dataset_name: dataset, split, index, score } = row;
    if (typeof model !== "string") return wrong("model_name", model, "must be text");
    if (score === undefined) return wrong("score", score, "must be a number");
    const query = queryOf(row);
    const { inputTokens, ...used } = usageOf(row);
    const outcomes: Record<string, object> = Object.create(null);
    outcomes[model] = { quality: number(score), ...used };
    return {
      record: {
        id: typeof query === "string" ? numberedId([dataset, split, index], query) : undefined,
        query,
        inputTokens,
        task: dataset,
        outcomes,
      },
      oneOutcome: {
        query: JSON.stringify([dataset, split, query]),
        instance: JSON.stringify(index ?? null),
      },
    };
  },
};

/** What was sent; a list of messages in its JSON. */
function queryOf({ prompt, origin_query }: AnyRow): unknown {
  const query = prompt === undefined || prompt === null || prompt === "" ? origin_query : prompt;
  return typeof query === "object" && query !== null ? JSON.stringify(query) : query;
}

/** The rows of a result document, each with what the document says of all of them; a record of any format is none. */
export function rowsOfResult(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value) || !Array.isArray(value.records) || "query" in value || "prompt" in value)
    return undefined;
  const { model_name, dataset_name, split, records } = value;
  return records.map(record => (isObject(record) ? { model_name, dataset_name, split, ...record } : record));
}
