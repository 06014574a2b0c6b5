import { PassThrough } from "node:stream";
import type { Session, Terminal } from "../../lib/cli/session.js";

/** A terminal whose streams are looked at afterwards. */
export class FakeTerminal implements Terminal {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr: PassThrough & { isTTY?: boolean } = new PassThrough();
  readonly env: NodeJS.ProcessEnv;

  constructor({ env = {}, isTTY = false }: { env?: NodeJS.ProcessEnv; isTTY?: boolean } = {}) {
    this.env = env;
    this.stderr.isTTY = isTTY;
  }

  get out(): string {
    return this.stdout.read()?.toString() ?? "";
  }

  get errors(): string {
    return this.stderr.read()?.toString() ?? "";
  }

  session(signal = new AbortController().signal): Session {
    const { stdin, stdout, stderr, env } = this;
    return { stdin, stdout, stderr, env, signal, exitCode: 0 };
  }
}
