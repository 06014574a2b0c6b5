// What it takes to install the package, beside other native packages of the kind: npm in an empty folder each, and then
// the first thing that one does with it.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatTime, markdownTable, provenance } from "./report.js";
import { median } from "./statistics.js";

const REPEATS = 5;

interface Candidate {
  readonly name: string;
  /** What npm is told to install; a version where the newest does not run on this Node. */
  readonly spec: string;
  /** A program that does something with it; it is run where the package lies in node_modules. */
  readonly use: string;
}

const others: readonly Candidate[] = [
  {
    name: "faiss-node",
    spec: "faiss-node",
    use: `const { IndexFlatIP } = require("faiss-node"); const i = new IndexFlatIP(2); i.add([1, 0]); i.search([1, 0], 1);`,
  },
  {
    name: "usearch",
    spec: "usearch",
    use: `const u = require("usearch"); const i = new u.Index({ metric: "ip", dimensions: 2 });
          i.add(1n, new Float32Array([1, 0])); i.search(new Float32Array([1, 0]), 1, 1);`,
  },
  {
    name: "onnxruntime-node",
    spec: "onnxruntime-node",
    use: `new (require("onnxruntime-node").Tensor)("float32", new Float32Array(1), [1]);`,
  },
];

/** A folder in which only Node and npm are on PATH: no compiler, no CMake, no make. */
function bareProject(): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = mkdtempSync(join(tmpdir(), "install-"));
  const path = join(folder, "path");
  mkdirSync(path);
  const npm = execFileSync("which", ["npm"], { encoding: "utf8" }).trim();
  for (const [name, target] of [
    ["node", process.execPath],
    ["npm", npm],
    ["sh", "/bin/sh"],
  ] as const)
    symlinkSync(target, join(path, name));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
  return { folder, env: { HOME: process.env.HOME, PATH: path } };
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** The time, or the last word of what npm or the program said. */
function timed(command: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const started = performance.now();
  const { status, stderr, stdout } = spawnSync(command, args, {
    ...options,
    encoding: "utf8",
    timeout: 300_000,
  });
  const time = performance.now() - started;
  if (status === 0) return { time };
  // npm says first that a script failed; why is what the script itself said last.
  const said = `${stderr}\n${stdout}`
    .split("\n")
    .map(line => line.replace(/^npm (error|ERR!) /, "").trim())
    .filter(line => /not found|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|cannot|failed/i.test(line))
    .filter(line => !/^(command|code|path|A complete log)\b/.test(line));
  return { time, failure: (said.at(-1) ?? `exit code ${status}`).slice(0, 100) };
}

function measure({ name, spec, use }: Candidate): readonly string[] {
  const times: number[] = [];
  const uses: number[] = [];
  let size = 0;
  for (let repeat = 0; repeat < REPEATS; ++repeat) {
    const { folder, env } = bareProject();
    try {
      const options = { cwd: folder, env };
      const install = timed("npm", ["install", "--no-audit", "--no-fund", spec], options);
      if (install.failure !== undefined) return [name, "-", "-", "-", `not installed: ${install.failure}`];
      const program = join(folder, use.endsWith(".mjs") ? "use.mjs" : "use.cjs");
      if (!use.endsWith(".mjs")) writeFileSync(program, use);
      const first = timed(process.execPath, [use.endsWith(".mjs") ? use : program], options);
      size = bytesIn(join(folder, "node_modules"));
      if (first.failure !== undefined)
        return [
          name,
          formatTime(install.time),
          `${(size / 1e6).toFixed(1)} MB`,
          "-",
          `does not run: ${first.failure}`,
        ];
      times.push(install.time);
      uses.push(install.time + first.time);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return [name, formatTime(median(times)), `${(size / 1e6).toFixed(1)} MB`, formatTime(median(uses)), ""];
}

/** `checkout` has prebuilds/ and dist/ as `npm run bundle` leaves them. */
export function benchInstall(checkout: string): string {
  const folder = mkdtempSync(join(tmpdir(), "install-packed-"));
  try {
    const packed = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
        cwd: checkout,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    ) as [{ filename: string; size: number; unpackedSize: number }];
    const [{ filename, size, unpackedSize }] = packed;
    const ours = {
      name: "@omnirouter/core",
      spec: join(folder, filename),
      use: join(checkout, "test", "package", "first-batch.mjs"),
    };
    const rows = [ours, ...others].map(measure);
    const text = [
      `${provenance()} npm ${execFileSync("npm", ["--version"], { encoding: "utf8" }).trim()}, its cache warm; medians of ${REPEATS}.`,
      `Our tarball, with the binaries of ${readdirSync(join(checkout, "prebuilds")).join(", ")}: ${(size / 1e6).toFixed(2)} MB packed, ${(unpackedSize / 1e6).toFixed(2)} MB unpacked.`,
      "",
      markdownTable(["package", "npm install", "node_modules", "to the first use", ""], rows),
    ].join("\n");
    console.log(text);
    return text;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
