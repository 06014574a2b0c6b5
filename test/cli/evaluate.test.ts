import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluationResults } from "../../lib/evaluation/results.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const { pool, history } = simulateWorkload({ records: 150, queries: 0, seed: 7 });

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omnirouter evaluate "));
  const records = history.map(record => `${JSON.stringify(record)}\n`).join("");
  for (const name of ["one", "two"]) {
    mkdirSync(at(name));
    writeFileSync(join(at(name), "queries.jsonl"), records);
    writeFileSync(join(at(name), "models.json"), JSON.stringify(pool));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "evaluate", ...argv], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, OMNIROUTER_DATA: "" },
  });
  return { status, stdout, stderr };
}

const quick = ["--seeds", "1", "--methods", "omnirouter,cheapest,oracle"];

describe("omnirouter evaluate", () => {
  it("compares methods on data sets, and writes tables, a report and the figures", () => {
    const { status, stdout, stderr } = run([
      ...["--data", at("one"), "--data", at("two")],
      ...[...quick, "--html", "report.html", "--results", "results.json"],
    ]);
    expect(stderr).toBe("The report is in report.html.\n");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^one: 150 queries, 105 of them as history, 8 models/m);
    expect(stdout).toMatch(/^two: 150 queries/m);
    expect(stdout).toMatch(/^No limit of capacity:$/m);
    expect(stdout).toMatch(/^Each model takes at most 40 % of a batch:$/m);
    expect(stdout).toMatch(/^OmniRouter +0\.\d{3} +0\.\d{3}/m);
    expect(readFileSync(at("report.html"), "utf8")).toMatch(/^<!doctype html>/);
    const results = JSON.parse(readFileSync(at("results.json"), "utf8")) as EvaluationResults;
    expect(results.format).toBe("omnirouter-evaluation");
    expect(results.sets.map(({ name }) => name)).toEqual(["one", "two"]);
  });

  it("takes one's own logs, and prints the figures for a program", () => {
    const { status, stdout, stderr } = run([
      ...["--history", join(at("one"), "queries.jsonl"), "--pool", join(at("one"), "models.json")],
      ...[...quick, "--capacity", "1", "--train-share", "0.5", "--no-html", "--results", "-"],
    ]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { sets, trainShare } = JSON.parse(stdout) as EvaluationResults;
    expect([trainShare, sets[0]!.historyQueries, sets[0]!.methods.length]).toEqual([0.5, 75, 3]);
    expect(existsSync(at("evaluation.html"))).toBe(false);
  });

  it.each([
    [["--pool", "pool.json"], /--pool goes with --history/],
    [["--history", "a.jsonl"], /--history goes with --pool/],
    [["--methods", "carrot"], /There is no method "carrot"; there are omnirouter, /],
    [["--capacity", "1,0"], /above 0 and up to 1/],
    [["--train-share", "1"], /between 0 and 1/],
    [["--seeds", "0"], /whole number >= 1/],
  ])("refuses %j as wrong usage", (argv, message) => {
    const { status, stderr } = run(argv as string[]);
    expect(stderr).toMatch(message as RegExp);
    expect(status).toBe(2);
  });

  it("fails before the work where the report could not be written", () => {
    const { status, stderr } = run(["--data", at("one"), "--html", join("nowhere", "report.html")]);
    expect(stderr).toMatch(/^error: cannot write .*nowhere/);
    expect(status).toBe(1);
  });
});
