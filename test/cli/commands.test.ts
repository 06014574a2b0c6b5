import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { simulateWorkload } from "../../lib/simulation/workload.js";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const { pool, history, queries } = simulateWorkload({ records: 400, queries: 100, seed: 7 });
const lines = (records: readonly object[]) => records.map(record => `${JSON.stringify(record)}\n`).join("");

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omnirouter commands "));
  writeFileSync(at("history.jsonl"), lines(history));
  writeFileSync(at("history.jsonl.gz"), gzipSync(lines(history)));
  writeFileSync(at("pool.json"), JSON.stringify(pool));
  writeFileSync(at("queries.jsonl"), lines(queries));
  writeFileSync(
    at("bare.jsonl"),
    lines(queries.map(({ id, query, inputTokens }) => ({ id, query, inputTokens }))),
  );
  expect(
    run(["fit", "--history", at("history.jsonl"), "--pool", at("pool.json"), "--out", at("router")]),
  ).toMatchObject({
    status: 0,
    stdout: "",
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(argv: readonly string[], input = "", env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...argv], {
    input,
    encoding: "utf8",
    env: { ...process.env, OMNIROUTER_DATA: "", ...env },
  });
  return { status, stdout, stderr };
}

const route = (argv: readonly string[], input?: string) =>
  run(["route", "--router", at("router"), ...argv], input);

interface Line {
  readonly id: string;
  readonly model: string;
  readonly quality: number;
  readonly cost: number;
  readonly runnerUp: string | null;
}
const parsed = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map(line => JSON.parse(line) as Line);

describe("omnirouter learn and refit", () => {
  it("add graded answers to a saved router, and fit it anew on them", () => {
    const half = history.slice(0, 200);
    writeFileSync(at("half.jsonl"), lines(half));
    writeFileSync(at("rest.jsonl"), lines(history.slice(200)));
    const router = ["--router", at("learner")];
    const fit = ["fit", "--pool", at("pool.json"), "--out", at("learner"), "--history", at("half.jsonl")];
    expect(run(fit).status).toBe(0);

    const learned = run(["learn", ...router, "--outcomes", at("rest.jsonl"), "--json"]);
    expect(JSON.parse(learned.stdout)).toMatchObject({ records: 200, queries: 200, changed: 0, skipped: 0 });
    const again = run(["learn", ...router], lines(history.slice(200)));
    expect(again).toMatchObject({ status: 0, stdout: "" });
    expect(again.stderr).toContain("Learned 0 outcomes and changed 0; 0 queries are new.");

    const stranger = { query: "x", outcomes: { stranger: { quality: 1 } } };
    const other = run(["learn", ...router, "--skip-bad"], `${JSON.stringify(stranger)}\nnot JSON\n`);
    expect(other.stderr).toMatch(/Left out 1 bad records:[\s\S]*Not in the pool, left out: stranger\./);
    const bad = run(["learn", ...router], "not JSON\n");
    expect(bad).toMatchObject({ status: 1, stderr: expect.stringContaining("input:1") });

    const refitted = run(["refit", ...router, "--json"]);
    expect(JSON.parse(refitted.stdout)).toMatchObject({ records: 400, models: pool.size });
    expect(JSON.parse(run(["inspect", at("learner"), "--json"]).stdout)).toMatchObject({
      generation: 2,
      records: 400,
    });
  });
});

describe("how the graded models of a log were selected", () => {
  const logged = history.map(({ outcomes, ...record }, row) => {
    const model = pool.names[row % pool.size]!;
    return { ...record, outcomes: { [model]: outcomes[model]! } };
  });
  const fitLog = (out: string, ...more: string[]) =>
    run(["fit", "--pool", at("pool.json"), "--out", at(out), ...more], lines(logged));
  const promised = (name: string) => [
    ...["route", "--router", at(name), "--queries", at("bare.jsonl")],
    ...["--min-quality", "0.3", "--confidence", "0.9"],
  ];

  it("is declared with --selection, and promises rest on it", () => {
    const { stderr } = fitLog("declared", "--selection", "random");
    expect(stderr).toContain("How the graded models of 400 queries were selected: at random 400.");
    expect(stderr).not.toContain("promise");
    const { status, stderr: plan } = run(promised("declared"));
    expect(status).toBe(0);
    expect(plan).toMatch(/promised with 90 % confidence/);
    expect(plan).toMatch(
      /predicted quality is corrected by [+-]0\.\d{4} for its policy's bias on the history \(standard error 0\.\d{4}, from \d+ graded answers\)/,
    );
    const learn = ["learn", "--router", at("declared"), "--selection", "random"];
    const more = { query: "one more", outcomes: { [pool.names[0]!]: { quality: 1 } } };
    expect(run(learn, `${JSON.stringify(more)}\n`).status).toBe(0);
    expect(JSON.parse(run(["inspect", at("declared"), "--json"]).stdout).selections).toEqual({
      ...{ complete: 0, random: 401, text: 0, recorded: 0, unknown: 0 },
    });
  });

  it("is unknown unless declared, and promises are refused", () => {
    const { stderr } = fitLog("undeclared");
    const told =
      "How the graded models of 400 queries were selected: unknown 400.\n" +
      "Promises of realised quality (--confidence) will be refused, as hardly any of it is known: declare it (--selection, or selection in the records), or record propensities.";
    expect(stderr).toContain(told);
    expect(run(["inspect", at("undeclared")]).stdout).toContain(told);
    const refused = run(promised("undeclared"));
    expect(refused).toMatchObject({ status: 3, stdout: "" });
    expect(refused.stderr).toMatch(/it is not known how the history's graded models were selected/);
    const bare = route(["--router", at("undeclared"), "--queries", at("bare.jsonl"), "--min-quality", "0.3"]);
    expect(bare.stderr).toMatch(/predicted quality is not corrected for bias: it is not known how/);
    // A part of it that is known is enough, and the rest is named.
    const mixed = [...history.slice(0, 300), ...logged.slice(300)];
    const some = run(["fit", "--pool", at("pool.json"), "--out", at("partly"), "--json"], lines(mixed));
    expect(JSON.parse(some.stdout).selections).toMatchObject({ complete: 300, unknown: 100 });
    expect(run(["inspect", at("partly")]).stdout).toContain(
      "No promise of realised quality rests on the 25.0 % of which it is unknown",
    );
  });

  it("is not told where every query has every grade", () => {
    expect(run(["inspect", at("router")]).stdout).not.toContain("were selected");
  });

  it.each([["fit"], ["learn"], ["evaluate"]])("is none of its own kind in %s", name => {
    const { status, stderr } = run([name, "--selection", "policy"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/'policy' is invalid.*complete, random, text, unknown/);
    expect(run([name, "--help"]).stdout).toContain("--selection <how>");
  });
});

describe("omnirouter fit", () => {
  it("says on standard error what was learned, and with --json on standard output", () => {
    const argv = [
      "fit",
      "--history",
      at("history.jsonl.gz"),
      "--pool",
      at("pool.json"),
      "--out",
      at("other"),
    ];
    expect(run(argv).stderr).toMatch(/^Fitted on 400 records for 8 models in .*; saved in .*other\.\n$/);
    const { stdout, stderr } = run([...argv, "--json"]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      records: 400,
      models: 8,
      ungraded: [],
      unknownModels: [],
      skipped: 0,
    });
  });

  it("reads a pipe and learns the same from it", () => {
    const argv = ["fit", "--pool", at("pool.json"), "--out", at("piped")];
    expect(run(argv, lines(history)).status).toBe(0);
    const facts = (name: string) => {
      const { createdAt: _, ...rest } = JSON.parse(run(["inspect", at(name), "--json"]).stdout);
      return rest;
    };
    expect(facts("piped")).toEqual(facts("router"));
  });

  it("says which models only one side knows, and what bad records it skipped", () => {
    const [first, ...others] = pool.models;
    writeFileSync(at("mixed.json"), JSON.stringify([...others, { ...first, name: "newcomer" }]));
    const argv = ["fit", "--pool", at("mixed.json"), "--out", at("mixed"), "--skip-bad"];
    const { status, stderr } = run(argv, `${lines(history)}{"query": 3}\n`);
    expect(status).toBe(0);
    expect(stderr).toMatch(/without a graded outcome in the history, so given no queries: newcomer\./);
    expect(stderr).toContain(`not in the pool, left out: ${first!.name}.`);
    expect(stderr).toMatch(
      /Left out 1 bad records:\n {2}1 × query must be text\nthe first of them:\n {2}input:401: query must be text, got 3/,
    );
    const [, ...told] = stderr.trimEnd().split("\n");
    expect(run(["inspect", at("mixed")]).stdout).toContain(told.join("\n"));
    const facts = JSON.parse(run(["inspect", at("mixed"), "--json"]).stdout);
    expect(facts).toMatchObject({ unknownModels: [{ model: first!.name }], skipped: { count: 1 } });
  });

  it("reads the formats of the field, and counts what it left out by what is wrong with it", () => {
    const { names } = pool;
    const table = [
      ["sample_id", "prompt", ...names, ...names.map(name => `${name}|total_cost`)],
      ...history.map(({ id, outcomes }, row) => [
        row === 20 ? history[19]!.id : id,
        `"a prompt\nin two lines, the ${row}"`,
        ...names.map(name => (row < 20 ? (row < 3 ? 5 : "") : (outcomes[name]?.quality ?? ""))),
        ...names.map(name => outcomes[name]?.cost ?? ""),
      ]),
    ];
    writeFileSync(at("table.csv"), table.map(cells => cells.join()).join("\r\n"));
    const argv = ["fit", "--history", at("table.csv"), "--pool", at("pool.json"), "--out", at("foreign")];
    const strict = run(argv);
    expect(strict.status).toBe(1);
    expect(strict.stderr).toMatch(/table\.csv:2: outcomes\S* must be between 0 and 1, got 5 \(and 7 more\)/);
    const { status, stderr } = run([...argv, "--skip-bad"]);
    expect(status).toBe(0);
    expect(stderr).toContain("Fitted on 396 records");
    expect(stderr).toContain(
      "Left out 4 bad records:\n  3 × outcomes.*.quality must be between 0 and 1\n  1 × id occurs twice\n",
    );
    expect(stderr).toContain("Of 3,168 pairs of a query and a graded model, 136 have no grade (4.3 %).");
    const [, ...told] = stderr.trimEnd().split("\n");
    expect(run(["inspect", at("foreign")]).stdout).toContain(told.join("\n"));
    const named = run([...argv, "--skip-bad", "--format", "routerbench", "--json"]);
    expect(JSON.parse(named.stdout)).toMatchObject({
      records: 396,
      skipped: 4,
      skippedKinds: [{ count: 3 }, { kind: "id occurs twice", count: 1 }],
    });
    expect(run([...argv, "--format", "aios"]).stderr).toMatch(/table\.csv:2: outputs is missing/);
  });

  it.each([
    [
      "a bad record",
      ["--pool", "pool.json", "--out", "x"],
      '{"query": 3}\n',
      1,
      /input:1: query must be text.*ERR_OMNI_INVALID_HISTORY/,
    ],
    ["no records", ["--pool", "pool.json", "--out", "x"], "", 1, /ERR_OMNI_INVALID_HISTORY/],
    ["no pool", ["--pool", "none.json", "--out", "x"], "{}\n", 1, /cannot read the pool .*none\.json/],
    ["a pool that is none", ["--pool", "history.jsonl", "--out", "x"], "{}\n", 1, /ERR_OMNI_INVALID_POOL/],
    [
      "no history",
      ["--history", "none.jsonl", "--pool", "pool.json", "--out", "x"],
      "",
      1,
      /cannot read the history/,
    ],
    ["a pool left out", ["--out", "x"], "", 2, /required option '--pool <file>'/],
    [
      "a misspelt option",
      ["--pol", "pool.json", "--pool", "pool.json", "--out", "x"],
      "",
      2,
      /Did you mean --pool\?/,
    ],
    [
      "a format that is none",
      ["--pool", "pool.json", "--out", "x", "--format", "csv"],
      "",
      2,
      /Allowed choices are omnirouter, routerbench, llmrouterbench, aios, avengers-pro/,
    ],
    [
      "a wrong number",
      ["--pool", "pool.json", "--out", "x", "--neighbours", "2.5"],
      "",
      2,
      /whole number >= 1/,
    ],
    [
      "a folder of something else, before it reads the history",
      ["--history", "none.jsonl", "--pool", "pool.json", "--out", "."],
      "",
      1,
      /no saved router and not empty/,
    ],
  ])("refuses %s in a sentence, without a stack, and saves nothing", (_, argv, input, code, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, "fit", ...argv], {
      input,
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: code, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(existsSync(at("x"))).toBe(false);
  });
});

describe("omnirouter route", () => {
  it("writes one line for each query, in their order, and a summary to standard error", () => {
    const { status, stdout, stderr } = route(["--queries", at("bare.jsonl"), "--min-quality", "0.8"]);
    expect(status).toBe(0);
    const plan = parsed(stdout);
    expect(plan.map(({ id }) => id)).toEqual(queries.map(({ id }) => id));
    const mean = plan.reduce((sum, { quality }) => sum + quality, 0) / plan.length;
    expect(mean).toBeGreaterThanOrEqual(0.8 - 1e-6);
    for (const { model, runnerUp } of plan)
      expect(pool.names).toEqual(expect.arrayContaining([model, runnerUp]));
    expect(stderr).toMatch(/^model .*predicted cost/);
    expect(stderr).toMatch(/100 queries, predicted: cost \$.*mean quality 0\.80/);
    expect(stderr).not.toContain("realised");
  });

  it("looks at outcomes for the summary only", () => {
    const argv = ["--min-quality", "0.8"];
    const graded = route(argv, lines(queries));
    expect(graded.stdout).toBe(route(["--queries", at("bare.jsonl"), ...argv]).stdout);
    const plan = parsed(graded.stdout);
    const quality =
      plan.reduce((sum, { model }, row) => sum + queries[row]!.outcomes[model]!.quality!, 0) / 100;
    expect(graded.stderr).toContain(`mean quality ${quality.toFixed(4)}`);
    const { realised, status, models } = JSON.parse(route([...argv, "--json"], lines(queries)).stderr);
    expect(realised).toMatchObject({ quality, graded: 100 });
    expect(status).toMatch(/optimal|withinTolerance|feasible/);
    expect(models.reduce((sum: number, share: { queries: number }) => sum + share.queries, 0)).toBe(100);
  });

  it("takes lines of text, and names queries by their line", () => {
    const { stdout } = route(["--text", "--budget", "1", "--quiet"], "\uFEFFWhat is 2 + 2?\r\n\nProve it.\n");
    expect(parsed(stdout).map(({ id }) => id)).toEqual(["1", "3"]);
  });

  it("gives a query only to models that its record allows", () => {
    const [first, second] = pool.names;
    const records = queries.map(({ id, query }, row) => ({
      id,
      query,
      allowed: [row % 2 ? first : second],
      group: "a",
    }));
    const { status, stdout } = route(["--budget", "1000", "--quiet"], lines(records));
    expect(status).toBe(0);
    expect(parsed(stdout).map(({ model }) => model)).toEqual(records.map(({ allowed }) => allowed[0]));
  });

  it.each([
    ['{"query": 3}', "query must be text, got 3"],
    ["{", "is not JSON"],
    ['{"query": "a", "allowed": "sim-huge-1"}', "allowed must be an array of names of models"],
    ['{"query": "a", "allowed": []}', "allowed must be an array of names of models"],
    ['{"query": "a", "allowed": ["sim-huge"]}', 'allowed[0] names "sim-huge", which is not in the pool'],
    ['{"query": "a", "group": ""}', "group must be text that is not empty"],
  ])("names the line of the bad query %s, and does not call it history", (line, message) => {
    const { status, stderr } = route(["--budget", "1"], `{"query": "good"}\n${line}\n`);
    expect(status).toBe(1);
    expect(stderr).toContain(`input:2: ${message}`);
    expect(stderr.toLowerCase()).not.toContain("history");
  });

  it("keeps capacities", () => {
    const [first, second] = pool.names;
    const argv = ["--budget", "1", "--capacity", `${first}=0`, "--capacity", `${second}=5`, "--quiet"];
    const plan = parsed(route([...argv, "--queries", at("bare.jsonl")]).stdout);
    expect(plan.filter(({ model }) => model === first)).toHaveLength(0);
    expect(plan.filter(({ model }) => model === second).length).toBeLessThanOrEqual(5);
  });

  it("says what cannot hold, writes nothing, and exits with 3", () => {
    writeFileSync(at("plan.jsonl"), "old");
    const argv = ["--queries", at("bare.jsonl"), "--min-quality", "1", "--out", at("plan.jsonl")];
    const { status, stdout, stderr } = route(argv);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toMatch(
      /infeasible.*\nIn conflict: mean quality at least 1\.0000\.\n.*best mean quality: 0\.\d+/,
    );
    expect(readFileSync(at("plan.jsonl"), "utf8")).toBe("old");
    expect(JSON.parse(route([...argv, "--json"]).stderr)).toMatchObject({ status: "infeasible" });
  });

  it("routes within the nearest limits that can be had with --relax, and says which they are", () => {
    const argv = ["--queries", at("bare.jsonl"), "--min-quality", "1", "--relax"];
    const { status, stdout, stderr } = route(argv);
    expect(status).toBe(0);
    expect(parsed(stdout).length).toBeGreaterThan(0);
    expect(stderr).toMatch(/infeasible: .*; within .* % of the best within the relaxed ones/);
    expect(stderr).toMatch(/relaxed: mean quality at least 1\.0000 is out of reach, now 0\.\d{4}/);
    const { relaxed, gap } = JSON.parse(route([...argv, "--json"]).stderr);
    expect(relaxed).toEqual([{ limit: { mean: "quality", atLeast: 1 }, from: 1, to: expect.any(Number) }]);
    expect(gap).toEqual(expect.any(Number));
    // What can hold is not touched.
    const possible = ["--queries", at("bare.jsonl"), "--min-quality", "0.5"];
    expect(route([...possible, "--relax"]).stdout).toBe(route(possible).stdout);
  });

  it("promises realised quality with --confidence, or refuses to", () => {
    const argv = ["--queries", at("queries.jsonl"), "--confidence", "0.9"];
    const { status, stdout, stderr } = route([...argv, "--min-quality", "0.7"]);
    expect(status).toBe(0);
    expect(parsed(stdout)).toHaveLength(100);
    expect(stderr).toMatch(
      /promised with 90 % confidence: realised mean quality at least 0\.7000 \(expected 0\.\d{4} less 0\.\d{4}: .* chance in 100 queries/,
    );
    const { promises } = JSON.parse(route([...argv, "--min-quality", "0.7", "--json"]).stderr);
    expect(promises).toMatchObject([{ confidence: 0.9, asked: 0.7, refused: false }]);
    const refused = route([...argv, "--min-quality", "0.99"]);
    expect(refused).toMatchObject({ status: 3, stdout: "" });
    expect(refused.stderr).toMatch(
      /^refused: realised mean quality at least 0\.9900 cannot be promised with 90 % confidence: .*\nthe best that can be promised: 0\.\d{4} .*\nNo plan was written\.\n$/,
    );
    expect(route([...argv, "--budget", "1"]).stderr).toContain("promised with 90 % confidence");
  });

  it("of no queries writes nothing", () => {
    expect(route(["--budget", "1"], "")).toEqual({ status: 0, stdout: "", stderr: "No queries.\n" });
  });

  it.each([
    [["--budget", "-1"], 2, /amount in USD/],
    [["--min-quality", "80"], 2, /from 0 to 1/],
    [["--min-quality", "0.8", "--confidence", "95"], 2, /above 0 and below 1/],
    [["--capacity", "sim"], 2, /MODEL=QUERIES/],
    [
      ["--budget", "1", "--capacity", "sim-huge=3"],
      1,
      /"sim-huge", which is not in the pool; the nearest is "sim-huge-1"/,
    ],
    [["--budget", "1", "--router", "none", "--out", "."], 1, /cannot write \.: it is a folder/],
    [["--budget", "1", "--queries", "none"], 1, /no such file/],
    [["--budget", "1", "--text", "--queries", "none"], 1, /no such file/],
    [["--budget", "1", "--router", "none"], 1, /no saved router/],
  ])("refuses %j", (argv, code, message) => {
    const { status, stdout, stderr } = route(argv, lines(queries));
    expect({ status, stdout }).toEqual({ status: code, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it.skipIf(process.platform === "win32")("ends quietly when its reader has read enough", () => {
    const many = lines(
      Array.from({ length: 5000 }, (_, row) => ({
        id: `${row}`,
        query: `${queries[row % 100]!.query} ${row}`,
      })),
    );
    const pipe = 'set -o pipefail; "$0" "$1" route --router "$2" --budget 1 --quiet | head -n 1';
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-c", pipe, process.execPath, command, at("router")],
      {
        input: many,
        encoding: "utf8",
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(parsed(stdout)).toHaveLength(1);
  });

  it.skipIf(process.platform === "win32" || process.getuid?.() === 0)("says that it may not write", () => {
    mkdirSync(at("closed"));
    chmodSync(at("closed"), 0o500);
    const { status, stderr } = route([
      "--queries",
      at("bare.jsonl"),
      "--budget",
      "1",
      "--out",
      at("closed/plan"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot write .*permission denied/);
  });

  it("says that the folder of its output is missing", () => {
    const { status, stderr } = route([
      "--queries",
      at("bare.jsonl"),
      "--budget",
      "1",
      "--out",
      at("no/plan"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot write .*no such file or folder/);
  });
});

describe("names from files", () => {
  const evil = "\u001b]0;pwned\u0007A\u001b[2J\u009b1m\u202e";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that must not be printed
  const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

  it("reach no terminal as they are, whichever command prints them", () => {
    const records = Array.from({ length: 40 }, (_, i) => ({
      id: `${evil}${i}`,
      query: `what is ${i}`,
      [`${evil}key`]: 1,
      outcomes: { [evil]: { quality: i % 2, outputTokens: 4, cost: 1 }, [`${evil}B`]: { quality: 1 } },
    }));
    writeFileSync(at("evil.jsonl"), lines(records));
    writeFileSync(
      at("evil.json"),
      JSON.stringify({ models: [{ name: evil, inputPer1M: 1, outputPer1M: 1 }] }),
    );
    writeFileSync(at("evil-queries.jsonl"), lines([{ id: evil, query: "hi", group: evil }]));
    const files = ["--history", at("evil.jsonl"), "--pool", at("evil.json")];
    const router = ["--router", at("evil")];
    const queries = ["--queries", at("evil-queries.jsonl")];
    for (const argv of [
      ["fit", ...files, "--out", at("evil")],
      ["fit", ...files, "--out", at("evil"), "--json"],
      ["inspect", at("evil")],
      ["inspect", at("evil"), "--json"],
      ["route", ...router, ...queries],
      ["route", ...router, ...queries, "--json"],
      ["route", ...router, ...queries, "--min-quality", "1"],
      ["route", ...router, ...queries, "--capacity", `${evil}=0`],
      ["route", ...router, ...queries, "--capacity", `${evil}x=0`],
      ["learn", ...router, "--outcomes", at("evil.jsonl")],
      ["evaluate", ...files, "--seeds", "1", "--no-html"],
      ["inspect", at(evil)],
      ["inspect", at(evil), "--json"],
    ]) {
      const { stdout, stderr } = run(argv);
      expect(stdout + stderr, argv.join(" ")).not.toMatch(control);
      expect(stdout + stderr).not.toBe("");
    }
  });

  it("in plans are as they were, once they are read", () => {
    const { stdout } = run([
      "route",
      "--router",
      at("evil"),
      "--queries",
      at("evil-queries.jsonl"),
      "--quiet",
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ id: evil, model: evil });
  });
});

describe("what a history holds in vain", () => {
  it("is told by fit, learn, inspect and evaluate", () => {
    const { names } = pool;
    const odd = [
      ...history.map(record => ({ ...record, scroe: 1 })),
      { id: "none", query: "nothing came of it", performance: 1 },
      { id: "alike", query: "other", outcomes: { [names[0]!.toUpperCase()]: { quality: 1 } } },
    ];
    writeFileSync(at("odd.jsonl"), lines(odd));
    const cheap = pool.models.map(model => ({
      ...model,
      outputPer1M: model.outputPer1M / 1e6,
      inputPer1M: 0,
    }));
    writeFileSync(at("per-token.json"), JSON.stringify(cheap));
    const files = ["--history", at("odd.jsonl"), "--pool", at("per-token.json")];
    const fitted = run(["fit", ...files, "--out", at("odd")]);
    expect(fitted.status).toBe(0);
    for (const told of [fitted.stderr, run(["inspect", at("odd")]).stdout]) {
      expect(told).toContain(
        "Of 402 records 2 have no outcome of a model of the pool, and count for nothing.",
      );
      expect(told).toContain("Not read, and perhaps misspelt: performance (in 1; quality may be meant).");
      expect(told).toContain("Not read, as no such key is known: scroe (in 400).");
      expect(told).toContain(`"${names[0]!.toUpperCase()}" looks like "${names[0]}"`);
      expect(told).toMatch(/Prices in doubt: 400 known costs of sim-tiny-1 .* were they given per token\?/);
    }
    const learned = run(["learn", "--router", at("odd"), "--outcomes", at("odd.jsonl")]);
    expect(learned.stderr).toContain("performance (in 1; quality may be meant)");
  });

  it("in queries is refused", () => {
    const asked = (query: object) => route([], `${JSON.stringify({ query: "a", ...query })}\n`);
    expect(asked({ excluded: ["sim-tiny-1"] })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: input:1: excluded is not a known key of a query.*in allowed/),
    });
    expect(asked({ metadata: { excluded: 1 } })).toMatchObject({ status: 0 });
  });

  it("in the environment is refused", () => {
    for (const [name, value] of [
      ["OMNIROUTER_THREADS", "many"],
      ["OMNIROUTER_ISA", "sse9"],
      ["OMNIROUTER_DEBUG", "maybe"],
    ] as const)
      expect(run(["route", "--router", at("router"), "--text"], "a\n", { [name]: value })).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(new RegExp(`${name}.*ERR_OMNI_INVALID_ARGUMENT`)),
      });
  });
});

describe("omnirouter inspect", () => {
  it("says what is in a saved router", () => {
    const { status, stdout } = run(["inspect", at("router")]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^generation 1, saved /);
    for (const model of pool.names) expect(stdout).toContain(model);
    const facts = JSON.parse(run(["inspect", at("router"), "--json"]).stdout);
    expect(facts).toMatchObject({ records: 400, index: "flat", generation: 1 });
    expect(facts.models).toHaveLength(pool.size);
  });

  it("says that there is none, or that it is damaged", () => {
    expect(run(["inspect", at("none")])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("no saved router"),
    });
    const [generation] = readdirSync(at("piped/generations"));
    writeFileSync(at(`piped/generations/${generation}/history.bin`), "x");
    expect(run(["inspect", at("piped")])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("ERR_OMNI_CORRUPT"),
    });
  });
});

describe("omnirouter quickstart", () => {
  it("says plainly that it simulates, and shows plan, comparison, floor, prices and times", () => {
    const { status, stdout, stderr } = run(["quickstart"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const part of [
      /Simulated workload .*Nothing here was measured/,
      /of capacity/,
      /this plan/,
      /The floor holds for predicted quality/,
      /per \+0\.01 of mean quality/,
      /^Time: /m,
    ])
      expect(stdout).toMatch(part);
  });

  it("routes each data set of a folder, named by --data or OMNIROUTER_DATA", () => {
    mkdirSync(at("data/one"), { recursive: true });
    writeFileSync(at("data/one/queries.jsonl"), lines(history));
    writeFileSync(at("data/one/models.json"), JSON.stringify(pool));
    for (const { status, stdout } of [
      run(["quickstart", "--data", at("data")]),
      run(["quickstart"], "", { OMNIROUTER_DATA: at("data/one") }),
    ]) {
      expect(status).toBe(0);
      expect(stdout).toMatch(/one: real records .*\n280 graded queries as history, 120 others/);
    }
    expect(run(["quickstart", "--data", at("router")])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no data set"),
    });
  });
});

describe.skipIf(process.platform !== "linux")("a full disk behind standard output", () => {
  it.each([
    [["--help"]],
    [["--version"]],
    [["inspect", "router"]],
    [["inspect", "router", "--json"]],
    [["fit", "--history", "history.jsonl", "--pool", "pool.json", "--out", "full", "--json"]],
    [["quickstart"]],
  ])("fails %j", argv => {
    const script = 'exec "$0" "$@" > /dev/full';
    const { status, stderr } = spawnSync("bash", ["-c", script, process.execPath, command, ...argv], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, OMNIROUTER_DATA: "" },
    });
    expect(status).toBe(1);
    expect(stderr).toContain("cannot write the standard output");
  });
});

describe("omnirouter quickstart on partial data", () => {
  const dataSet = (name: string, records: readonly object[]) => {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/queries.jsonl`), lines(records));
    writeFileSync(at(`${name}/models.json`), JSON.stringify(pool));
    return run(["quickstart", "--data", at(name)]);
  };

  it("finds the cheapest model by the predicted cost, and shows no realised cost that is not known", () => {
    const unbilled = history.map(record => ({
      ...record,
      outcomes: Object.fromEntries(
        Object.entries(record.outcomes).map(([model, { cost: _, ...outcome }]) => [model, outcome]),
      ),
    }));
    const billed = dataSet("billed", history).stdout;
    const { stdout } = dataSet("unbilled", unbilled);
    const cheapest = /everything to (\S+) \(cheapest\)/;
    expect(cheapest.exec(stdout)![1]).toBe(cheapest.exec(billed)![1]);
    expect(stdout).toMatch(/^this plan +\$\S+ +- +0\.\d+ +0\.\d+$/m);
  });

  it("says of how many graded queries a realised quality is the mean", () => {
    const half = history.map((record, row) => ({
      ...record,
      outcomes: row % 2 === 0 ? record.outcomes : {},
    }));
    expect(dataSet("half", half).stdout).toMatch(/Realised: 0\.\d+ \(of \d+ graded\), /);
  });

  it("refuses a data set with no query left to route", () => {
    expect(dataSet("single", history.slice(0, 1))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("holds one query: at least two are needed"),
    });
  });
});

describe.skipIf(process.platform === "win32")("a route that waits for its queries", () => {
  it.each([
    ["SIGINT", 130, []],
    ["SIGTERM", 143, ["--text"]],
  ] as const)("is ended by %s, with exit code %d and no word, with %j", async (signal, code, argv) => {
    const routing = ["route", "--router", at("router"), "--budget", "1", ...argv];
    const child = spawn(process.execPath, [command, ...routing], { stdio: ["pipe", "ignore", "pipe"] });
    let told = "";
    child.stderr!.setEncoding("utf8").on("data", text => {
      told += text;
    });
    // Before its handlers are in place a signal ends any process. More than a pipe holds: written once it is being read.
    const query = argv.length > 0 ? "How much is it?\n" : '{"query": "How much is it?"}\n';
    await new Promise<void>((resolve, reject) =>
      child.stdin!.write(query.repeat(20_000), error => (error ? reject(error) : resolve())),
    );
    child.kill(signal);
    expect(await once(child, "close")).toEqual([code, null]);
    expect(told).toBe("");
  });
});

describe.skipIf(process.platform === "win32")("a fit interrupted by Ctrl-C", () => {
  /** A fit that waits for more history, and so is certainly not done. */
  async function waitingFit(out: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, [command, "fit", "--pool", at("pool.json"), "--out", out], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    await new Promise<void>((resolve, reject) =>
      child.stdin!.write(lines(history), error => (error ? reject(error) : resolve())),
    );
    return child;
  }

  it("says nothing, saves nothing, and leaves an earlier router as it was", async () => {
    for (const out of [at("interrupted"), at("router")]) {
      const before = existsSync(out) ? readFileSync(join(out, "manifest.json"), "utf8") : undefined;
      const child = await waitingFit(out);
      let told = "";
      child.stderr!.setEncoding("utf8").on("data", text => {
        told += text;
      });
      // Before its handlers are in place a signal ends any process; the pipe has been read by then.
      await new Promise(resolve => setTimeout(resolve, 500));
      child.kill("SIGINT");
      expect(await once(child, "close")).toEqual([130, null]);
      expect(told).toBe("");
      expect(existsSync(out) ? readFileSync(join(out, "manifest.json"), "utf8") : undefined).toBe(before);
    }
  });
});
