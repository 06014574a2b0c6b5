import type { Readable } from "node:stream";
import { UsageError } from "./errors.js";
import type { Session } from "./session.js";

/**
 * What a command reads: a path as it stands, or stdin for "-" and for nothing at all when something is piped in.
 *
 * @throws {@link UsageError} for nothing at all on a terminal, instead of waiting there for a person to type records
 */
export function inputSource(path: string | undefined, option: string, { stdin }: Session): string | Readable {
  if (path !== undefined && path !== "-") return path;
  if (path === undefined && stdin.isTTY === true)
    throw new UsageError(`nothing to read: name a file with ${option}, or pipe it in`);
  return stdin;
}
