import { fileURLToPath } from "node:url";
import { invalid } from "./errors.js";
import { show } from "./show.js";

/** Whether the value is a URL, be it of another realm or of a polyfill (jsdom's), which `instanceof` does not know. */
export function isUrl(value: unknown): value is URL {
  const { href, protocol } = (value ?? {}) as Partial<URL>;
  return typeof value === "object" && typeof href === "string" && typeof protocol === "string";
}

/**
 * The path that is meant by a path or a `file:` URL.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for anything else
 */
export function pathOf(given: unknown, argument: string): string {
  if (typeof given === "string" && given !== "" && !given.includes("\0")) return given;
  if (!isUrl(given)) throw invalid(argument, `must be a path or a URL, got ${show(given)}`);
  const { href, protocol } = given;
  if (protocol !== "file:") throw invalid(argument, `must be a file: URL, got ${show(protocol)}`);
  try {
    return fileURLToPath(href); // which throws for another host, and for %2F
  } catch {
    throw invalid(argument, `must be a file: URL of this machine, got ${show(href)}`);
  }
}
