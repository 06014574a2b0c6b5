// The general solvers that the assignment is compared with. Each is given the linear program in a folder and returns
// what it found within the time it is given; each runs in a process of its own, which is stopped when it overruns.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDoubles } from "./files.js";
import { type Ended, runFor } from "./process.js";

export interface Answer {
  readonly milliseconds: number;
  /** Ended by itself with what it holds for the optimum. */
  readonly finished: boolean;
  /** Claims that no plan exists. */
  readonly infeasible: boolean;
  /** Its variables, if it came to any; fractions in the relaxed form. */
  readonly x: Float64Array | undefined;
  readonly message: string;
}

export interface Solver {
  readonly name: string;
  /** Whether it solves the relaxation, whose optimum bounds every plan's cost, or the whole-numbered problem. */
  readonly relaxed: boolean;
  /** A command that must succeed for it to be there, and how to get it. */
  readonly needs: readonly string[];
  readonly install: string;
  /** @param sources the folder of this file's source, with what is not compiled. */
  solve(folder: string, seconds: number, sources: string): Promise<Answer>;
}

/** What a stopped process is given beyond its limit, to read its input and to hand over the best plan it has. */
const GRACE = 30;

const scipy = (method: string, name: string, relaxed: boolean): Solver => ({
  name,
  relaxed,
  needs: ["python3", "-c", "import scipy.optimize"],
  install: "apt-get install python3-scipy",
  solve: async (folder, seconds, sources) =>
    told(
      folder,
      await runFor(seconds + GRACE, "python3", [
        join(sources, "scipy_peer.py"),
        folder,
        method,
        String(seconds),
      ]),
    ),
});

const wasm = (form: "lp" | "milp", name: string): Solver => ({
  name,
  relaxed: form === "lp",
  needs: [process.execPath, "-e", 'require.resolve("highs")'],
  install: "npm ci",
  solve: async (folder, seconds) =>
    told(
      folder,
      await runFor(seconds + GRACE, process.execPath, [
        compiled("highs-wasm-peer.js"),
        folder,
        form,
        String(seconds),
      ]),
    ),
});

/** As PuLP calls it, through which the paper's authors' public code does: the default of LpProblem.solve(). */
const cbc: Solver = {
  name: "CBC as PuLP calls it",
  relaxed: false,
  needs: ["cbc", "-quit"],
  install: "apt-get install coinor-cbc",
  solve: async (folder, seconds) => {
    const solution = join(folder, "cbc.sol");
    rmSync(solution, { force: true });
    const ended = await runFor(seconds + GRACE, "cbc", [
      join(folder, "program.mps"),
      "timeMode",
      "elapsed",
      "sec",
      String(seconds),
      "branch",
      "printingOptions",
      "all",
      "solution",
      solution,
    ]);
    const text = existsSync(solution) ? readFileSync(solution, "utf8") : "";
    const status = text.slice(0, text.indexOf("\n"));
    // "0 x17 1 0.25": number, name, value, reduced cost; ** before what breaks a bound.
    const found = /objective value/.test(status) && !/Infeasible/i.test(status);
    return {
      milliseconds: ended.milliseconds,
      finished: !ended.stopped && status.startsWith("Optimal"),
      infeasible: /infeasible/i.test(status),
      x: found ? valuesByName(folder, text.matchAll(/^\s*(?:\*\*)?\s*\d+\s+x(\d+)\s+(\S+)/gm)) : undefined,
      message: status || ended.stderr,
    };
  },
};

const glpk = (form: "lp" | "milp", name: string): Solver => ({
  name,
  relaxed: form === "lp",
  needs: ["glpsol", "--version"],
  install: "apt-get install glpk-utils",
  solve: async (folder, seconds) => {
    const solution = join(folder, "glpk.sol");
    rmSync(solution, { force: true });
    const ended = await runFor(seconds + GRACE, "glpsol", [
      "--freemps",
      join(folder, "program.mps"),
      "--tmlim",
      String(seconds),
      ...(form === "lp" ? ["--nomip"] : []),
      "--write",
      solution,
    ]);
    const text = existsSync(solution) ? readFileSync(solution, "utf8") : "";
    // "s bas ROWS COLUMNS f f VALUE" of a basic solution, "s mip ROWS COLUMNS o VALUE" of a whole one: o for
    // optimal, f for feasible, n for none. "j COLUMN [STATUS] VALUE ..." follow, columns from 1.
    const [, kind, primal, dual] = /^s (bas|mip) \d+ \d+ (\w)(?: (\w))?/m.exec(text) ?? [];
    const optimal = kind === "bas" ? primal === "f" && dual === "f" : primal === "o";
    const columns = [...text.matchAll(/^j (\d+) (?:[a-z] )?(\S+)/gm)];
    return {
      milliseconds: ended.milliseconds,
      finished: !ended.stopped && optimal,
      infeasible: primal === "n",
      x:
        primal === "o" || primal === "f"
          ? valuesByName(
              folder,
              columns.map(([, column, value]) => ["", String(Number(column) - 1), value!] as const),
            )
          : undefined,
      message: /^s .*/m.exec(text)?.[0] ?? ended.stdout.slice(-200),
    };
  },
});

const SOLVERS: readonly Solver[] = [
  scipy("highs-ds", "HiGHS LP, simplex (scipy)", true),
  scipy("highs-ipm", "HiGHS LP, interior point (scipy)", true),
  scipy("milp", "HiGHS MILP (scipy)", false),
  wasm("lp", "HiGHS LP (npm highs, wasm)"),
  wasm("milp", "HiGHS MILP (npm highs, wasm)"),
  cbc,
  glpk("lp", "GLPK LP (glpsol)"),
  glpk("milp", "GLPK MILP (glpsol)"),
];

/** Those that run here; the others are named, with the command that brings them. */
export async function availableSolvers(): Promise<Solver[]> {
  const found: Solver[] = [];
  for (const solver of SOLVERS) {
    const [command, ...args] = solver.needs;
    const there = await runFor(60, command!, args).then(
      ({ code }) => code === 0,
      () => false,
    );
    if (there) found.push(solver);
    else console.log(`${solver.name} is not installed and left out. To have it: ${solver.install}`);
  }
  return found;
}

/** The JSON that our own peer programs print. One that breaks down, as where memory runs out, has come to nothing, and says why. */
export function told(folder: string, ended: Ended): Answer {
  if (ended.stopped || ended.code !== 0)
    return {
      milliseconds: ended.milliseconds,
      finished: false,
      infeasible: false,
      x: undefined,
      message: ended.stopped
        ? "stopped"
        : `failed: ${/^\w*Error\b.*/m.exec(ended.stderr)?.[0] ?? `exit code ${ended.code}`}`,
    };
  const answer = JSON.parse(ended.stdout.trim().split("\n").at(-1)!) as {
    seconds: number;
    finished: boolean;
    infeasible: boolean;
    hasPlan: boolean;
    message: string;
  };
  return {
    milliseconds: answer.seconds * 1e3,
    finished: answer.finished,
    infeasible: answer.infeasible,
    x: answer.hasPlan ? readDoubles(join(folder, "x.f64")) : undefined,
    message: answer.message,
  };
}

function valuesByName(folder: string, lines: Iterable<ArrayLike<string>>): Float64Array {
  const { columns } = JSON.parse(readFileSync(join(folder, "shape.json"), "utf8")) as { columns: number };
  const x = new Float64Array(columns);
  for (const line of lines) x[Number(line[1])] = Number(line[2]);
  return x;
}

function compiled(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
