import { inspect } from "node:util";

/** Any value as an error message quotes it: on one line, short, and without running code of its own. */
export function show(value: unknown): string {
  const text =
    typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
