import { invalid } from "./errors.js";
import { checkKeys } from "./keys.js";
import { show } from "./show.js";

/**
 * Checks an argument of options: an object without any but the known keys, whose `signal` can abort and whose callbacks
 * (`on...`) can be called. A key is optional, and undefined is as good as left out.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` naming the option
 */
export function checkOptions(
  options: unknown,
  known: readonly string[],
  at = "options",
): asserts options is object {
  checkKeys(options, known, at);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (key === "signal" && !isSignal(value))
      throw invalid(`${at}.signal`, `must be an AbortSignal, got ${show(value)}`);
    if (/^on[A-Z]/.test(key) && key !== "onBadRecord" && typeof value !== "function")
      throw invalid(`${at}.${key}`, `must be a function, got ${show(value)}`);
  }
}

/** By what is used of it: a signal of another realm is one. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  return (
    typeof aborted === "boolean" &&
    typeof addEventListener === "function" &&
    typeof throwIfAborted === "function"
  );
}
