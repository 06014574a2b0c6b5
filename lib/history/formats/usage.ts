import { type AnyRow, number, positive } from "./format.js";

/**
 * What one call is said to have used, by LLMRouterBench's collector and what comes of it: `prompt_tokens`,
 * `completion_tokens` and `cost` in USD, each 0 where nobody counted it or no price was known. An answer of 0 tokens
 * is one where the prompt's tokens were counted.
 */
export function usageOf(usage: AnyRow | null | undefined): {
  inputTokens: unknown;
  outputTokens: unknown;
  cost: unknown;
} {
  const inputTokens = positive(usage?.prompt_tokens);
  const outputTokens =
    inputTokens === null ? positive(usage?.completion_tokens) : number(usage?.completion_tokens);
  return { inputTokens, outputTokens, cost: positive(usage?.cost) };
}
