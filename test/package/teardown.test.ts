import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nodes } from "./packed.js";

const script = fileURLToPath(new URL("teardown.mjs", import.meta.url));

describe.each(nodes)("with native work under way, %s", node => {
  const run = (ending: string) => {
    const { status, signal, stdout, stderr } = spawnSync(node, [script, ending], { encoding: "utf8" });
    return { status, signal, stdout, stderr };
  };

  it("exits when it is told to", () => {
    expect(run("exit")).toEqual({ status: 7, signal: null, stdout: "", stderr: "" });
  });

  it("dies of an uncaught error and of nothing else", () => {
    const { status, signal, stderr } = run("throw");
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(stderr).toContain("Error: uncaught");
  });

  it("does not exit before the work is done", () => {
    expect(run("wait")).toEqual({ status: 0, signal: null, stdout: "done: 16000 rows\n", stderr: "" });
  });

  it("outlives worker threads that are terminated, and goes on computing", () => {
    expect(run("terminate")).toEqual({
      status: 0,
      signal: null,
      stdout: "afterwards: 16000 rows\n",
      stderr: "",
    });
  });
});
