import { Command, CommanderError, type OutputConfiguration } from "commander";
import { isSet } from "../environment.js";
import { printableLines } from "../printable.js";
import { version } from "../version.js";
import { describeError, UsageError } from "./errors.js";
import { ExitCode } from "./exit-codes.js";
import { toStream } from "./output.js";
import { Interrupted, type Session, type Terminal, withSession } from "./session.js";

/** Adds one command to the program; its action runs with the session. */
export type AddCommand = (program: Command, session: Session) => void;

const summary = `Decide which language model answers which query.

omnirouter learns from graded answers how good and how dear each model of a pool is, and assigns queries to models at
least cost under a quality floor, or at highest quality under a budget, within the models' capacities.`;

const exitCodes = `
Exit codes:
  0    done
  1    failed: the message says what and why
  2    wrong usage
  3    infeasible: the limits cannot all hold; the message says which, and what can be reached
  130  interrupted by Ctrl-C: nothing is left half-written
  143  terminated by SIGTERM: likewise`;

/**
 * Runs the command line and resolves with the exit code. Never rejects, never exits the process by itself (but for a
 * second Ctrl-C).
 *
 * @param argv the arguments after the program's name
 */
export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  commands: readonly AddCommand[],
): Promise<ExitCode> {
  // Also of use when the command line itself cannot be parsed.
  const json = argv.includes("--json");
  let debug = argv.includes("--debug");
  let signal: AbortSignal | undefined;
  try {
    debug ||= isSet(terminal.env, "OMNIROUTER_DEBUG");
    const { exitCode } = await withSession(terminal, async session => {
      signal = session.signal;
      // Commander writes in passing; what it says is kept until its writing can be waited for.
      let help = "";
      const output = {
        writeOut: (text: string) => {
          help += text;
        },
        writeErr: (text: string) => {
          if (!json) session.stderr.write(printableLines(text));
        },
      };
      try {
        await buildProgram(session, commands, output).parseAsync([...argv], { from: "user" });
      } finally {
        if (help !== "") await toStream(session, help);
      }
    });
    return exitCode;
  } catch (error) {
    // An abort surfaces in many shapes (streams wrap it), so the signal is asked first.
    const reason = signal?.aborted ? signal.reason : error;
    if (reason instanceof Interrupted) return reason.exitCode;
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok;
    const usage = error instanceof CommanderError || error instanceof UsageError;
    // In words, Commander has said it already.
    if (json || !(error instanceof CommanderError))
      terminal.stderr.write(`${describeError(error, { json, debug })}\n`);
    return usage ? ExitCode.usage : ExitCode.failure;
  }
}

function buildProgram(
  session: Session,
  commands: readonly AddCommand[],
  output: OutputConfiguration,
): Command {
  const program = new Command("omnirouter")
    .description(summary)
    .version(version)
    .option("--debug", "show the stack of an error (or set OMNIROUTER_DEBUG)")
    .addHelpText("after", exitCodes)
    .showHelpAfterError("(--help shows the options, with examples)")
    .exitOverride()
    .configureOutput(output);
  for (const add of commands) add(program, session);
  return program;
}
