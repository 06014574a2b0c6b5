import type { Readable, Writable } from "node:stream";
import { ioError } from "../files.js";
import { ExitCode } from "./exit-codes.js";

/** The process, as far as a command sees it; tests hand in streams of their own. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

/** What one run of a command shares: its streams, the signal that ends it early, the exit code it will leave. */
export interface Session extends Terminal {
  readonly signal: AbortSignal;
  exitCode: ExitCode;
}

/** Why a session ended before its command: the reason of its signal, and the exit code that follows. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}

/** A reader that has read enough (`| head`) ends the command quietly; any other failure of stdout is one. */
export function outputFailure(error: NodeJS.ErrnoException): Error {
  if (error.code === "EPIPE") return new Interrupted("nobody reads the output", ExitCode.ok);
  return ioError("write", "the standard output", error);
}

/**
 * Turns Ctrl-C, SIGTERM and a reader that went away (`| head`) into one AbortSignal for as long as `body` runs.
 * A second Ctrl-C does not wait for the command to wind up.
 */
export async function withSession(
  terminal: Terminal,
  body: (session: Session) => Promise<void>,
): Promise<Session> {
  const controller = new AbortController();
  const session: Session = { ...terminal, signal: controller.signal, exitCode: ExitCode.ok };
  const stop = (message: string, exitCode: ExitCode) => {
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(new Interrupted(message, exitCode));
  };
  const onSigint = () => stop("interrupted", ExitCode.interrupted);
  const onSigterm = () => stop("terminated", ExitCode.terminated);
  const onOutputError = (error: NodeJS.ErrnoException) => controller.abort(outputFailure(error));
  const ignore = () => {}; // progress and messages nobody can see are no reason to stop
  process.on("SIGINT", onSigint);
  process.on("SIGTERM", onSigterm);
  terminal.stdout.on("error", onOutputError);
  terminal.stderr.on("error", ignore);
  try {
    await body(session);
    return session;
  } finally {
    process.off("SIGINT", onSigint);
    process.off("SIGTERM", onSigterm);
    // The listeners on stdout and stderr stay: a write may still fail after the command is done with it.
  }
}
