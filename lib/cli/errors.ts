import { CommanderError } from "commander";
import { OmniRouterError } from "../errors.js";
import { printableJson, printableLines } from "../printable.js";

/** A command line that cannot be obeyed: exit code 2, with a pointer to the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One message for a person, or with `json` one line for a program. The stack only where it is asked for. */
export function describeError(error: unknown, { json, debug }: { json: boolean; debug: boolean }): string {
  const { code, message, argument } = facts(error);
  if (json)
    return printableJson({ error: { code, message, ...(argument === undefined ? {} : { argument }) } });
  const known = error instanceof OmniRouterError || error instanceof UsageError;
  const lines = [`error: ${message}${known && code !== "USAGE" ? ` (${code})` : ""}`];
  if (debug && error instanceof Error) lines.push(stackWithCauses(error));
  else if (!known) lines.push("This may be a defect; OMNIROUTER_DEBUG=1 or --debug shows where it happened.");
  return printableLines(lines.join("\n"));
}

function facts(error: unknown): { code: string; message: string; argument?: string } {
  if (error instanceof UsageError) return { code: "USAGE", message: error.message };
  if (error instanceof CommanderError)
    return { code: "USAGE", message: error.message.replace(/^error: /, "") };
  if (error instanceof OmniRouterError) return error;
  return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
}

function stackWithCauses(error: Error): string {
  const causes: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    causes.push(each.stack ?? each.message);
  return causes.join("\ncaused by ");
}
