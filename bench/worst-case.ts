// npm run bench:worst: how much longer a problem can take than others of its size. Of many random problems the slowest
// counts, in CPU time on one thread.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AssignmentProblem, assign, type Plan } from "../lib/index.js";
import { type BenchOptions, reservations } from "./options.js";
import { LARGEST, randomProblem } from "./random-problems.js";
import { formatCount, formatTime, markdownTable, provenance } from "./report.js";
import { median } from "./statistics.js";

const PROBLEMS = 20_000;
/** Classes of size: no more entries of a matrix than these. */
const CLASSES = [64, 512, 4096, 32_768, LARGEST.rows * LARGEST.models];
/** No problem takes more than the greater of these: milliseconds, and times the median of its class. */
const MOST_MILLISECONDS = 50;
const MOST_MEDIANS = 100;
/** What takes longer, but not very long, is timed twice: neighbours on the machine disturb. */
const AGAIN_FROM = 5;
const AGAIN_TO = 1000;

type Assign = (problem: AssignmentProblem) => Plan;

interface Timed {
  readonly seed: number;
  readonly size: number;
  readonly status: string;
  readonly milliseconds: number;
}

/** Of this checkout, and of another one that `against` names, problem by problem. */
export async function benchWorstCase(options: BenchOptions): Promise<string> {
  // A clock of CPU time counts what other threads wait for, too.
  process.env.OMNIROUTER_THREADS ??= "1";
  const solvers: [name: string, solve: Assign][] = [["this version", assign]];
  if (options.against !== undefined) solvers.unshift(["the version before", await assignOf(options.against)]);
  const problems = options.quick ? PROBLEMS / 40 : PROBLEMS;
  const found = solvers.map((): Timed[] => []);
  for (let seed = 1; seed <= problems; seed++) {
    const problem = randomProblem(seed);
    const size = (problem.quantities.quality as Float32Array).length;
    for (const [s, [, solve]] of solvers.entries())
      if (seed === 1) solve(problem);
      else found[s]!.push({ seed, size, ...timed(problem, solve) });
  }
  const text = [
    `${provenance()}${reservations(options)}`,
    ...solvers.map(
      ([name], s) => `#### ${formatCount(problems)} random problems, ${name}\n\n${tableOf(found[s]!)}`,
    ),
  ].join("\n\n");
  console.log(text);
  return text;
}

/** `assign` of another checkout, with the addon that was built there. */
async function assignOf(checkout: string): Promise<Assign> {
  const own = process.env.OMNIROUTER_BINDING;
  process.env.OMNIROUTER_BINDING = join(resolve(checkout), "build", "Release", "omnirouter.node");
  const library = await import(pathToFileURL(join(resolve(checkout), "dist", "index.js")).href);
  library.assign(randomProblem(1));
  if (own === undefined) delete process.env.OMNIROUTER_BINDING;
  else process.env.OMNIROUTER_BINDING = own;
  return library.assign;
}

function timed(problem: AssignmentProblem, solve: Assign): Pick<Timed, "status" | "milliseconds"> {
  const once = () => {
    const before = process.cpuUsage();
    const { status } = solve(problem);
    const { user, system } = process.cpuUsage(before);
    return { status, milliseconds: (user + system) / 1000 };
  };
  const first = once();
  if (first.milliseconds < AGAIN_FROM || first.milliseconds > AGAIN_TO) return first;
  const second = once();
  return second.milliseconds < first.milliseconds ? second : first;
}

function tableOf(found: readonly Timed[]): string {
  const rows = CLASSES.map((most, c) => {
    const own = found.filter(({ size }) => size <= most && (c === 0 || size > CLASSES[c - 1]!));
    const usual = median(own.map(({ milliseconds }) => milliseconds));
    const worst = own.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a), own[0]!);
    const allowed = Math.max(MOST_MILLISECONDS, MOST_MEDIANS * usual);
    return [
      formatCount(most),
      formatCount(own.length),
      formatCount(own.filter(({ status }) => status === "infeasible").length),
      formatCount(own.filter(({ status }) => status === "unknown").length),
      formatTime(usual),
      formatTime(worst.milliseconds),
      (worst.milliseconds / usual).toPrecision(3),
      String(worst.seed),
      formatCount(own.filter(({ milliseconds }) => milliseconds > allowed).length),
    ];
  });
  return markdownTable(
    [
      "entries up to",
      "problems",
      "infeasible",
      "unknown",
      "median CPU",
      "worst CPU",
      "worst / median",
      "seed",
      `over max(${MOST_MILLISECONDS} ms, ${MOST_MEDIANS} medians)`,
    ],
    rows,
  );
}
