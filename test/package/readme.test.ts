import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { simulateWorkload } from "../../lib/simulation/workload.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The README's one block of code in a language. */
function block(language: string): string {
  const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))];
  expect(blocks).toHaveLength(1);
  return blocks[0]![1]!;
}

it("the README's example runs as it stands, with its own pool", () => {
  // Inside the package, so that it is found by its name.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache", "readme-"));
  try {
    const { history } = simulateWorkload({ records: 200, queries: 0, seed: 3 });
    const records = history.map(record => ({
      ...record,
      outcomes: {
        "small-1": record.outcomes["sim-small-2"],
        "large-1": record.outcomes["sim-large-1"],
      },
    }));
    const lines = [JSON.parse(block("json")), ...records].map(record => `${JSON.stringify(record)}\n`);
    writeFileSync(join(folder, "history.jsonl"), lines.join(""));
    writeFileSync(join(folder, "pool.yaml"), block("yaml"));
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    writeFileSync(
      join(folder, "example.mjs"),
      ts.transpileModule(block("ts"), { compilerOptions }).outputText,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ["example.mjs"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^q1 \S+ [\d.]+ [\d.e-]+\nq2 .*\n[\d.e-]+ [\d.e-]+\n(small|large)-1\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
