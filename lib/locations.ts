import { fileURLToPath } from "node:url";
import { invalid } from "./errors.js";

/** Whether the value is a URL, be it of another realm or of a polyfill (jsdom's), which `instanceof` does not know. */
export function isUrl(value: unknown): value is URL {
  const { href, protocol } = (value ?? {}) as Partial<URL>;
  return typeof value === "object" && typeof href === "string" && typeof protocol === "string";
}

/** The path of what a path or a `file:` URL names. @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for another URL */
export function pathOf(location: string | URL, argument: string): string {
  if (!isUrl(location)) return location;
  const { href, protocol } = location;
  if (protocol !== "file:") throw invalid(argument, `must be a file: URL, got ${protocol}`);
  try {
    return fileURLToPath(href);
  } catch (error) {
    throw invalid(argument, `names no file here: ${(error as Error).message}`); // of another host, or with %2F in it
  }
}
