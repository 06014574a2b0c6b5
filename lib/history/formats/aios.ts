import { Problem } from "../problem.js";
import { type Format, isObject, number, wrong } from "./format.js";

/**
 * The history of OmniRouter's authors, as the router of AIOS reads it (github.com/agiresearch/AIOS,
 * aios/llm_core/routing.py): a JSON array of
 *
 *     {"query": "...", "input_token_length": 120,
 *      "outputs": [{"model_name": "...", "correctness": true, "output_token_length": 310, "prediction": "..."}]}
 *
 * Known from that code alone, not from their file; the keys that it does not read are not known. No costs.
 */
export const aios: Format = {
  name: "aios",
  matches: ({ outputs }) =>
    Array.isArray(outputs) && outputs.every(each => isObject(each) && "model_name" in each),
  convert({ query, input_token_length, outputs }) {
    if (!Array.isArray(outputs)) return wrong("outputs", outputs, "must be an array of outputs by model");
    const outcomes: Record<string, object> = Object.create(null);
    for (const [place, output] of outputs.entries()) {
      const model: unknown = isObject(output) ? output.model_name : undefined;
      if (typeof model !== "string")
        return new Problem(`outputs[${place}].model_name must be text`, "outputs.*.model_name must be text");
      if (model in outcomes)
        return new Problem(
          `outputs[${place}] is a second outcome of ${model} for its query`,
          "is a second outcome of a model for a query",
        );
      outcomes[model] = {
        quality: number(output.correctness),
        outputTokens: number(output.output_token_length),
      };
    }
    return { record: { query, inputTokens: number(input_token_length), outcomes } };
  },
};
