import { fileURLToPath } from "node:url";
import { invalid } from "./errors.js";
import { show } from "./show.js";

/** Whether the value is a URL, of whichever realm; one of a polyfill (jsdom's), too. */
export function isUrl(value: unknown): value is URL {
  return typeof value === "object" && value !== null && typeof (value as Partial<URL>).href === "string";
}

/**
 * The path that is meant by a path or a `file:` URL, of whichever realm.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for anything else
 */
export function pathOf(given: unknown, argument: string): string {
  if (typeof given === "string" && given !== "" && !given.includes("\0")) return given;
  if (!isUrl(given)) throw invalid(argument, `must be a path or a URL, got ${show(given)}`);
  const { href, protocol } = given;
  if (protocol !== "file:") throw invalid(argument, `must be a file: URL, got ${show(protocol)}`);
  try {
    return fileURLToPath(href);
  } catch {
    throw invalid(argument, `must be a file: URL of this machine, got ${show(href)}`);
  }
}
