import { show } from "../../show.js";
import { typicalTokens } from "../gathering.js";
import { Problem } from "../problem.js";
import { type Format, isObject, number, numberedId, own, wrong } from "./format.js";
import { usageOf } from "./usage.js";

/**
 * Avengers-Pro (arXiv 2508.12631): JSON Lines, as its README and the exporter of LLMRouterBench describe them:
 *
 *     {"query": "...", "dataset": "gpqa", "index": 0, "records": {"openai/gpt-5": 0.92},
 *      "usages": {"openai/gpt-5": {"cost": 0.038, "prompt_tokens": 120, "completion_tokens": 800}}}
 *
 * `usages` and its parts may be missing. Verified against those descriptions, not against the authors' data.
 *
 * The exporter puts a score of 0 and a usage of nothing where a model was never asked. Such an outcome is taken as
 * missing: read as it stands, it would be a wrong answer for free.
 */
export const avengersPro: Format = {
  name: "avengers-pro",
  matches: ({ query, records }) => query !== undefined && isObject(records),
  convert({ query, dataset, index, records, usages }) {
    if (!isObject(records)) return wrong("records", records, "must be an object of scores by model");
    if (usages !== undefined && usages !== null && !isObject(usages))
      return wrong("usages", usages, "must be an object of usages by model");
    const outcomes: Record<string, object> = Object.create(null);
    const counts: unknown[] = [];
    for (const model of new Set([...Object.keys(records), ...Object.keys(usages ?? {})])) {
      const usage = own(usages, model);
      if (usage !== undefined && usage !== null && !isObject(usage))
        return new Problem(
          `usages[${JSON.stringify(model)}] must be an object, got ${show(usage)}`,
          "usages.* must be an object",
        );
      const quality = number(own(records, model));
      if (quality === 0 && isNothing(usage)) continue;
      const { inputTokens, ...used } = usageOf(usage);
      outcomes[model] = { quality, ...used };
      counts.push(inputTokens);
    }
    const id = typeof query === "string" ? numberedId([dataset, index], query) : undefined;
    const known = counts.filter(count => typeof count === "number");
    // What is no number is for the check of the record to refuse.
    const odd = counts.find(count => count !== null && typeof count !== "number");
    return { record: { id, query, inputTokens: odd ?? typicalTokens(known), task: dataset, outcomes } };
  },
};

function isNothing(usage: unknown): boolean {
  return (
    isObject(usage) &&
    [usage.cost, usage.prompt_tokens, usage.completion_tokens].every(amount => number(amount) === 0)
  );
}
