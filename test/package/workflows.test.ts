import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { problems, targets } from "../../scripts/check-prebuilds.mjs";
import { bundled, checkout } from "./packed.js";

interface Step {
  readonly uses?: string;
}
interface Workflow {
  readonly jobs?: Record<string, { readonly uses?: string; readonly steps?: readonly Step[] }>;
  readonly runs?: { readonly steps: readonly Step[] };
}
const folder = join(checkout, ".github");
const files = [
  ...readdirSync(join(folder, "workflows")).map(name => join("workflows", name)),
  join("actions", "faiss", "action.yml"),
];

describe.each(files)("%s", file => {
  const workflow = parse(readFileSync(join(folder, file), "utf8")) as Workflow;
  const jobs = Object.values(workflow.jobs ?? {});
  const steps = [...jobs.flatMap(job => job.steps ?? []), ...(workflow.runs?.steps ?? [])];

  it("names every action by a commit, which nobody can move, or by a path of ours", () => {
    const used = [...jobs, ...steps].flatMap(({ uses }) => uses ?? []);
    expect(steps.length + used.length).toBeGreaterThan(0);
    for (const name of used) expect(name).toMatch(/^(\.\/\.github\/|[\w-]+\/[\w-]+@[0-9a-f]{40}$)/);
  });

  it("runs only npm scripts that there are", () => {
    const scripts = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")).scripts;
    for (const [, name] of readFileSync(join(folder, file), "utf8").matchAll(/npm run ([\w:]+)/g))
      expect(scripts).toHaveProperty([name!]);
  });
});

describe("the check before a release", () => {
  /** Just enough of a header of each kind. */
  function header(target: string): Buffer {
    const bytes = Buffer.alloc(128);
    if (target.startsWith("linux")) {
      bytes.write("\x7fELF", "latin1");
      bytes.writeUInt16LE(target.endsWith("x64") ? 0x3e : 0xb7, 18);
    } else if (target.startsWith("darwin")) {
      bytes.writeUInt32LE(0xfeedfacf);
      bytes.writeUInt32LE(target.endsWith("x64") ? 0x01000007 : 0x0100000c, 4);
    } else {
      bytes.write("MZ");
      bytes.writeUInt32LE(80, 60);
      bytes.writeUInt16LE(0x8664, 84);
    }
    return bytes;
  }

  it("passes a full set, and fails for a missing, a mistaken and a needless one", () => {
    const prebuilds = mkdtempSync(join(tmpdir(), "prebuilds-"));
    try {
      const file = (target: string) => join(prebuilds, target, "omnirouter.node");
      for (const target of Object.keys(targets)) {
        mkdirSync(dirname(file(target)));
        writeFileSync(file(target), header(target));
      }
      expect(problems(prebuilds)).toEqual([]);
      writeFileSync(file("linux-arm64"), header("linux-x64"));
      rmSync(file("win32-x64"));
      mkdirSync(join(prebuilds, "sunos-x64"));
      expect(problems(prebuilds)).toEqual([
        "linux-arm64: not a binary of that platform",
        expect.stringMatching(/^win32-x64: ENOENT/),
        "sunos-x64: not a platform of ours",
      ]);
    } finally {
      rmSync(prebuilds, { recursive: true });
    }
  });

  it("knows a real addon", () => {
    const target = Object.keys(targets).find(name => dirname(bundled).endsWith(name));
    expect(targets[target!]!(readFileSync(bundled))).toBe(true);
  });
});
