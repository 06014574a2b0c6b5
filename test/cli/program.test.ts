import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../lib/cli/errors.js";
import { inputSource } from "../../lib/cli/input.js";
import { type AddCommand, runProgram } from "../../lib/cli/program.js";
import { OmniRouterError } from "../../lib/errors.js";
import { FakeTerminal } from "./terminal.js";

/** A command that fails with what the test gives it. */
const failing =
  (error: unknown): AddCommand =>
  program =>
    program
      .command("fail")
      .option("--json")
      .option("--limit <number>")
      .action(() => {
        throw error;
      });

async function run(argv: string[], error: unknown = new Error("unused"), env: NodeJS.ProcessEnv = {}) {
  const terminal = new FakeTerminal({ env });
  const exitCode = await runProgram(argv, terminal, [failing(error)]);
  return { exitCode, out: terminal.out, errors: terminal.errors };
}

describe("the command line", () => {
  it("answers --help and --version on stdout", async () => {
    const help = await run(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, errors: "" });
    expect(help.out).toMatch(/Usage: omnirouter .*Exit codes:/s);
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await run(["--version"])).toEqual({ exitCode: 0, out: `${version}\n`, errors: "" });
  });

  it.each([
    [["fail", "--limits", "3"], /unknown option '--limits'.*Did you mean --limit\?/s],
    [["fale"], /unknown command 'fale'.*Did you mean fail\?/s],
    [["fail", "--limit"], /argument missing/],
    [[], /Usage: omnirouter/],
  ])("is wrong with %j: exit code 2, told on stderr", async (argv, message) => {
    const { exitCode, out, errors } = await run(argv);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(errors).toMatch(message);
  });
});

describe("an error", () => {
  const ours = new OmniRouterError("ERR_OMNI_INVALID_POOL", "pool.models[3].inputPer1M is missing", {
    argument: "pool.models[3].inputPer1M",
  });

  it("of ours is one message with its code, and no stack", async () => {
    expect(await run(["fail"], ours)).toEqual({
      exitCode: 1,
      out: "",
      errors: "error: pool.models[3].inputPer1M is missing (ERR_OMNI_INVALID_POOL)\n",
    });
  });

  it("is one line of JSON with --json", async () => {
    const { errors } = await run(["fail", "--json"], ours);
    const { code, message, argument } = ours;
    expect(JSON.parse(errors)).toEqual({ error: { code, message, argument } });
  });

  it.each([
    [["fail", "--json", "--limits", "3"], /^unknown option '--limits'/],
    [["fail", "--json", "--limit"], /argument missing/],
    [["--json"], /^unknown option '--json'/],
  ])("of usage is one line of JSON with --json too: %j", async (argv, message) => {
    const { exitCode, out, errors } = await run(argv);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(JSON.parse(errors)).toEqual({ error: { code: "USAGE", message: expect.stringMatching(message) } });
  });

  it("shows its stack, and its cause's, with --debug or OMNIROUTER_DEBUG", async () => {
    const error = new Error("outer", { cause: new Error("inner") });
    const argv = ["--debug", "fail"];
    for (const { errors } of [await run(argv, error), await run(["fail"], error, { OMNIROUTER_DEBUG: "1" })])
      expect(errors).toMatch(/Error: outer\n +at .*caused by Error: inner\n +at /s);
  });

  it("nobody expected says how to see more", async () => {
    const { exitCode, errors } = await run(["fail"], new TypeError("x is not a function"));
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/^error: x is not a function\n.*--debug/);
  });

  it("of usage has exit code 2", async () => {
    expect(await run(["fail"], new UsageError("give one of two"))).toMatchObject({
      exitCode: 2,
      errors: expect.stringMatching(/^error: give one of two\n/),
    });
  });
});

describe("input", () => {
  it("is the named file, or stdin for '-' or when something is piped in", () => {
    const terminal = new FakeTerminal();
    const session = terminal.session();
    expect(inputSource("queries.jsonl", "--queries", session)).toBe("queries.jsonl");
    expect(inputSource("-", "--queries", session)).toBe(terminal.stdin);
    expect(inputSource(undefined, "--queries", session)).toBe(terminal.stdin);
  });

  it("is not awaited from a person at a terminal", () => {
    const terminal = new FakeTerminal();
    Object.assign(terminal.stdin, { isTTY: true });
    expect(() => inputSource(undefined, "--queries", terminal.session())).toThrow(UsageError);
  });
});
