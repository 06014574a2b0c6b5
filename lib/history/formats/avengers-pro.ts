import { typicalTokens } from "../gathering.js";
import { type Format, isObject, missing, number, numberedId, positive } from "./format.js";

/**
 * Avengers-Pro (arXiv 2508.12631): JSON Lines, as its README and the exporter of LLMRouterBench describe them:
 *
 *     {"query": "...", "dataset": "gpqa", "index": 0, "records": {"openai/gpt-5": 0.92},
 *      "usages": {"openai/gpt-5": {"cost": 0.038, "prompt_tokens": 120, "completion_tokens": 800}}}
 *
 * `usages` and its parts may be missing. Verified against those descriptions, not against the authors' data.
 *
 * The exporter puts a score of 0 and a usage of nothing where a model was never asked. Such an outcome is taken as
 * missing: read as it stands, it would be a wrong answer for free. A cost of 0 beside tokens is a model without a known
 * price, and taken as unknown.
 */
export const avengersPro: Format = {
  name: "avengers-pro",
  matches: ({ query, records }) => query !== undefined && isObject(records),
  convert({ query, dataset, index, records, usages }) {
    if (!isObject(records)) return missing("records", records, "must be an object of scores by model");
    if (usages !== undefined && usages !== null && !isObject(usages))
      return missing("usages", usages, "must be an object of usages by model");
    const outcomes: Record<string, object> = Object.create(null);
    const inputTokens: number[] = [];
    for (const model of new Set([...Object.keys(records), ...Object.keys(usages ?? {})])) {
      const usage = usages?.[model];
      if (usage !== undefined && usage !== null && !isObject(usage))
        return missing(`usages[${JSON.stringify(model)}]`, usage, "must be an object");
      const quality = number(records[model]);
      if (quality === 0 && isNothing(usage)) continue;
      outcomes[model] = {
        quality,
        cost: positive(usage?.cost),
        outputTokens: number(usage?.completion_tokens),
      };
      const tokens = positive(usage?.prompt_tokens);
      if (typeof tokens === "number") inputTokens.push(tokens);
    }
    const id = typeof query === "string" ? numberedId([dataset, index], query) : undefined;
    return { record: { id, query, inputTokens: typicalTokens(inputTokens), task: dataset, outcomes } };
  },
};

function isNothing(usage: unknown): boolean {
  return (
    isObject(usage) &&
    [usage.cost, usage.prompt_tokens, usage.completion_tokens].every(amount => number(amount) === 0)
  );
}
