import { spawn } from "node:child_process";

/** A command that could not be started or ended with anything but 0; `output` is all it wrote. */
export class CommandFailed extends Error {
  /**
   * @param {string} line the command as one would type it
   * @param {string} outcome
   * @param {string} output
   */
  constructor(line, outcome, output) {
    super(`${line}: ${outcome}`);
    this.output = output;
    /** @type {string | undefined} what a person can do about it, where the caller knows */
    this.advice = undefined;
  }
}

/**
 * Runs a command and resolves with all it wrote, stdout and stderr as they came.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, echo?: boolean, onLine?: (line: string) => void }} [options]
 *   `echo` shows the output as it comes; `onLine` sees each line of it
 * @returns {Promise<string>}
 */
export function run(command, args, options = {}) {
  const line = commandLine(command, args);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let unfinished = "";
    /** @param {string} text */
    const take = text => {
      output += text;
      if (options.echo) process.stdout.write(text);
      if (options.onLine === undefined) return;
      const lines = (unfinished + text).split(/\r?\n/);
      unfinished = lines.pop() ?? "";
      lines.forEach(options.onLine);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("error", error => reject(new CommandFailed(line, error.message, output)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(new CommandFailed(line, signal === null ? `exit code ${code}` : `ended by ${signal}`, output));
    });
  });
}

/**
 * Runs a command with our own stdin, stdout and stderr; resolves with its exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function runAttached(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: "inherit",
    });
    child.on("error", error => reject(new CommandFailed(commandLine(command, args), error.message, "")));
    child.on("close", code => resolve(code ?? 1));
  });
}

/**
 * The command as one would type it into a shell.
 * @param {string} command
 * @param {readonly string[]} args
 */
export function commandLine(command, args) {
  return [command, ...args]
    .map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(" ");
}
