import { invalid } from "./errors.js";
import { nearest } from "./nearest.js";
import { show } from "./show.js";

export function checkObject(value: unknown, at: string): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(at, `must be an object, got ${show(value)}`);
}

/** An object without any but the known keys: what is misspelt must not pass for what is left out. */
export function checkKeys(value: unknown, known: readonly string[], at: string): asserts value is object {
  checkObject(value, at);
  for (const key of Object.keys(value))
    if (!known.includes(key))
      throw invalid(`${at}.${key}`, `is not a known key; the nearest is ${nearest(key, known)}`);
}
