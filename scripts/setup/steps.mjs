import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFailed } from "./command.mjs";

/** A failure whose message says all there is to say: shown without a stack. */
export class SetupFailed extends Error {}

/**
 * What a step may tell while it runs.
 * @typedef {object} Progress
 * @property {(text: string) => void} update shown beside the step's name, on a terminal only
 * @property {(text: string) => void} say a line of its own, at once
 * @property {boolean} verbose
 */

/** Prints one line for each step of a longer job: what, what came of it, how long it took. */
export class Steps {
  /**
   * @param {{ logs: string, verbose?: boolean, out?: NodeJS.WriteStream }} options
   *   `logs`: the folder for the full output of commands that fail
   */
  constructor({ logs, verbose = false, out = process.stdout }) {
    this.logs = logs;
    this.verbose = verbose;
    this.out = out;
    this.live = out.isTTY === true && !verbose;
  }

  /**
   * @template T
   * @param {string} name
   * @param {(progress: Progress) => Promise<T>} work
   * @param {(result: T) => string} describe what came of it, in a few words
   * @returns {Promise<T>}
   */
  async step(name, work, describe) {
    const started = performance.now();
    const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
    this.#paint(`  … ${name}`);
    // A log file shows that something long has begun; quick steps stay one line.
    const announce = setTimeout(() => this.live || this.out.write(`  … ${name}\n`), 2000);
    try {
      const result = await work({
        update: text => this.#paint(`  … ${name}: ${text}`),
        say: text => this.#print(`    ${text}`),
        verbose: this.verbose,
      });
      this.#print(`  ✓ ${name}: ${describe(result)} (${seconds()} s)`);
      return result;
    } catch (error) {
      this.#print(`  ✗ ${name} (${seconds()} s)`);
      throw error instanceof CommandFailed ? new SetupFailed(this.#report(name, error)) : error;
    } finally {
      clearTimeout(announce);
    }
  }

  /**
   * @param {string} name
   * @param {CommandFailed} failure
   */
  #report(name, failure) {
    const lines = failure.output.trimEnd().split(/\r?\n/);
    const message = [failure.message];
    if (failure.output.trim() !== "" && !this.verbose) {
      mkdirSync(this.logs, { recursive: true });
      const log = join(this.logs, `${name.replace(/\W+/g, "-")}.log`);
      writeFileSync(log, failure.output);
      message.push(...lines.slice(-40).map(line => `  | ${line}`), `The whole output: ${log}`);
    }
    if (failure.advice !== undefined) message.push(failure.advice);
    return message.join("\n");
  }

  /** @param {string} line */
  #paint(line) {
    if (this.live) this.out.write(`\r\x1b[K${line.slice(0, (this.out.columns ?? 80) - 1)}`);
  }

  /** @param {string} line */
  #print(line) {
    this.out.write(`${this.live ? "\r\x1b[K" : ""}${line}\n`);
  }
}
