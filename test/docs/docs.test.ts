import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../lib/history/record.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";
import { type Block, blocksOf, pages, promisedLines, root } from "./pages.js";

/** A history of the models that the pages' pools name: a small one and a large one of the simulation. */
function historyLines(): string {
  const { history } = simulateWorkload({ records: 300, queries: 0, seed: 3 });
  const rename = ({ outcomes, ...record }: HistoryRecord) => ({
    ...record,
    outcomes: { "small-1": outcomes["sim-small-2"], "large-1": outcomes["sim-large-1"] },
  });
  return history.map(record => `${JSON.stringify(rename(record))}\n`).join("");
}

function queryLines(): string {
  const { queries } = simulateWorkload({ records: 0, queries: 100, seed: 4 });
  return queries.map(({ id, query }) => `${JSON.stringify({ id, query })}\n`).join("");
}

/** All TypeScript of a page, imports first: one program, as a reader who follows it would have it. */
function program(blocks: readonly Block[]): string {
  const lines = blocks.filter(({ language }) => language === "ts").flatMap(({ code }) => code.split("\n"));
  const isImport = (line: string) => /^import .* from ".*";$/.test(line);
  const imports = [...new Set(lines.filter(isImport))];
  return [...imports, ...lines.filter(line => !isImport(line))].join("\n");
}

/** What a page calls on the command line; other commands are npm's, for a checkout. */
function commands(blocks: readonly Block[]): string {
  return blocks
    .filter(({ language, code }) => language === "sh" && /^omnirouter /m.test(code))
    .map(({ code }) => code)
    .join("\n");
}

const written = pages()
  .map(page => ({ page, blocks: blocksOf(page) }))
  .filter(({ blocks }) => program(blocks) !== "" || commands(blocks) !== "");

function run(command: string, args: readonly string[], folder: string) {
  const PATH = `${folder}:${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

describe.each(written)("$page", ({ blocks }) => {
  it("has code that runs as it stands and prints what it says", () => {
    // Inside the package, so that it is found by its name.
    mkdirSync(join(root, ".cache"), { recursive: true });
    const folder = mkdtempSync(join(root, ".cache", "docs-"));
    try {
      writeFileSync(join(folder, "history.jsonl"), historyLines());
      writeFileSync(join(folder, "queries.jsonl"), queryLines());
      for (const { title, code } of blocks) if (title !== "") writeFileSync(join(folder, title), code);
      const source = program(blocks);
      if (source !== "") {
        const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
        writeFileSync(join(folder, "page.mjs"), ts.transpileModule(source, { compilerOptions }).outputText);
        const stdout = run(process.execPath, ["page.mjs"], folder);
        const promised = promisedLines(source);
        if (promised.length > 0) expect(stdout.trimEnd().split("\n")).toEqual(promised);
      }
      if (commands(blocks) !== "") {
        const cli = join(root, "dist", "cli", "main.js");
        writeFileSync(join(folder, "omnirouter"), `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
        chmodSync(join(folder, "omnirouter"), 0o755);
        run("bash", ["-euo", "pipefail", "-c", commands(blocks)], folder);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("every page", () => {
  it.each(pages())("%s links to what is there", page => {
    const text = readFileSync(join(root, page), "utf8");
    const links = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target]) => target!);
    const missing = links.filter(
      target => !/^(https?|mailto):/.test(target) && !existsSync(join(root, dirname(page), target)),
    );
    expect(missing).toEqual([]);
  });

  it("knows every error code, and none that is not there", () => {
    const declared = readFileSync(join(root, "lib", "errors.ts"), "utf8").match(/ERR_OMNI_[A-Z_]+/g)!;
    const explained = readFileSync(join(root, "docs", "troubleshooting.md"), "utf8").match(
      /^\| `ERR_OMNI_[A-Z_]+`/gm,
    )!;
    const codes = explained.map(cell => cell.slice(3, -1)).sort();
    expect(codes).toEqual([...new Set(declared)].sort());
  });
});
