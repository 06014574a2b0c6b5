import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * What set-up needs to know about the computer it runs on. Tests hand in computers of their own making.
 * @typedef {object} Machine
 * @property {NodeJS.Platform} platform
 * @property {boolean} debianLike
 * @property {boolean} root whether this process is root's
 * @property {boolean} interactive whether somebody is there to type a password
 * @property {(command: string) => boolean} has whether PATH has the command
 * @property {(command: string, args: readonly string[], input?: string) => string | undefined} ask
 *   what a quick command prints, or undefined where it fails
 * @property {(path: string) => boolean} exists
 * @property {NodeJS.ProcessEnv} env
 */

/** @returns {Machine} */
export function thisMachine() {
  return {
    platform: process.platform,
    debianLike: isDebianLike(),
    root: process.getuid?.() === 0,
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true && !process.env.CI,
    has,
    ask,
    exists: existsSync,
    env: process.env,
  };
}

function isDebianLike() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** @param {string} command */
function has(command) {
  return (process.env.PATH ?? "").split(delimiter).some(folder => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [input]
 */
function ask(command, args, input) {
  try {
    return execFileSync(command, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}
