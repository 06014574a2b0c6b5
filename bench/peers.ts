// npm run bench:peers: our solver beside general solvers and the rules that users would write, on the same problems in
// one run. Every answer is checked against ours: our bound may not lie above what any peer's plan costs, and the optimum
// of the relaxation must be our dual bound. If they disagree, the exit code says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AssignmentProblem, assign } from "../lib/index.js";
import { DESCRIPTIONS, generateWorkload, LIMIT_SETS, type LimitSet, problemOf } from "./instances.js";
import { type BenchOptions, reservations, selects } from "./options.js";
import { type Evaluation, evaluate, holds, TOLERANCE } from "./peers/evaluation.js";
import { writeMps, writeProgram } from "./peers/files.js";
import { calibratedPrice, qualityThreshold } from "./peers/heuristics.js";
import { linearProgram } from "./peers/linear-program.js";
import { type Answer, availableSolvers, type Solver } from "./peers/solvers.js";
import { recordedSets, recordedWorkload } from "./records.js";
import { formatCount, formatGap, formatTime, markdownTable, provenance } from "./report.js";
import { medianTime } from "./statistics.js";

/** Relative; what separates the relaxation's optimum by another solver, at its own tolerances, from our dual bound. */
const SAME = 1e-6;

/** Of the quality in generated problems. */
const GRID = 1 / 16;

type Size = readonly [rows: number, models: number, limits: readonly LimitSet[]];

const GENERATED: readonly Size[] = [
  [16, 16, ["floor", "tight"]],
  [256, 16, ["floor", "slack", "tight", "mixed"]],
  [1000, 8, ["tight"]],
  [1000, 16, ["floor", "tight", "mixed"]],
  [1000, 32, ["tight"]],
  [10_000, 8, ["tight"]],
  [10_000, 16, ["floor", "slack", "tight", "mixed"]],
  [10_000, 32, ["tight"]],
  [100_000, 16, ["floor", "tight"]],
];

function sizes({ rows, models }: BenchOptions): readonly Size[] {
  if (rows === undefined && models === undefined) return GENERATED;
  return (models ?? [16]).flatMap(m => (rows ?? [1000]).map(n => [n, m, LIMIT_SETS] as const));
}

interface Row {
  readonly name: string;
  readonly time: string;
  readonly milliseconds: number;
  /** Did not end by itself: the time is a lower bound. */
  readonly cut?: boolean;
  readonly objective: number;
  readonly evaluation: Evaluation | undefined;
  readonly note: string;
}

/** One problem and all the answers to it. */
interface Comparison {
  readonly title: string;
  readonly bound: number;
  readonly rows: readonly Row[];
  readonly disagreements: readonly string[];
}

/** @param sources the folder of the peers' own programs. */
export async function comparePeers(options: BenchOptions, sources: string): Promise<string> {
  const solvers = (await availableSolvers()).filter(({ name }) => selects(options.peer, name));
  const comparisons: Comparison[] = [];
  const run = async (title: string, problem: AssignmentProblem) => {
    const comparison = await compare(title, problem, solvers, options.cut, sources);
    console.log(`\n${show(comparison)}`);
    comparisons.push(comparison);
  };
  for (const [rows, models, limitSets] of selects(options.set, "generated") ? sizes(options) : []) {
    const workload = generateWorkload(rows, models);
    for (const limits of limitSets)
      if (selects(options.limits, limits))
        await run(`${formatCount(rows)} x ${models}, ${DESCRIPTIONS[limits]}`, problemOf(workload, limits));
  }
  // A real set has a size of its own.
  const real = options.rows === undefined && options.models === undefined;
  for (const set of real ? recordedSets().filter(name => selects(options.set, name)) : []) {
    const workload = await recordedWorkload(set);
    for (const limits of ["floor", "tight"] as const)
      if (selects(options.limits, limits))
        await run(
          `${set}, ${formatCount(workload.rows)} x ${workload.models.length}, ${DESCRIPTIONS[limits]}`,
          problemOf(workload, limits),
        );
  }
  const disagreements = comparisons.flatMap(({ title, disagreements: list }) =>
    list.map(text => `${title}: ${text}`),
  );
  if (disagreements.length > 0) {
    process.exitCode = 1;
    console.error(`\nANSWERS THAT DO NOT AGREE:\n${disagreements.map(text => `  ${text}`).join("\n")}`);
  } else console.log("\nEvery answer agrees with our bound.");
  const verdict =
    disagreements.length === 0
      ? "Every answer agreed with our bound."
      : `**Answers that did not agree:**\n\n${disagreements.map(text => `- ${text}`).join("\n")}`;
  return [
    `${provenance()} Each run cut at ${options.cut} s.${reservations(options)} ${verdict}`,
    ...comparisons.map(show),
  ].join("\n\n");
}

async function compare(
  title: string,
  problem: AssignmentProblem,
  solvers: readonly Solver[],
  cut: number,
  sources: string,
): Promise<Comparison> {
  const { rows, disagreements, bound, dual, lattice, status, feasible } = ourselves(problem);
  const check = (name: string, evaluation: Evaluation) => {
    if (holds(evaluation) && !feasible)
      disagreements.push(`${name} has a plan that holds every limit, ours came out ${status}`);
    // A plan may use up the tolerance of its limits, so its cost may lie below the bound by about as much.
    if (holds(evaluation) && evaluation.objective < bound - 10 * TOLERANCE * Math.abs(bound))
      disagreements.push(`the plan of ${name} costs ${evaluation.objective}, our bound is ${bound}`);
  };
  for (const [name, rule] of [
    ["one calibrated price, then spill-over", calibratedPrice],
    ["quality threshold per query, then spill-over", qualityThreshold],
  ] as const) {
    const milliseconds = medianTime(() => rule(problem), 500, 5);
    const evaluation = evaluate(problem, rule(problem));
    check(name, evaluation);
    rows.push({
      name,
      time: formatTime(milliseconds),
      milliseconds,
      objective: evaluation.objective,
      evaluation,
      note: "",
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "omnirouter-peers-"));
  try {
    const program = linearProgram(problem);
    writeProgram(folder, program, problem.quantities.cost!.length / problem.models.length);
    writeMps(join(folder, "program.mps"), program);
    for (const solver of solvers) {
      const answer = await solver.solve(folder, cut, sources);
      const row = rowOf(solver, answer, problem, cut);
      rows.push(row);
      console.log(`${title}: ${row.name}, ${row.time}`);
      if (answer.infeasible)
        disagreements.push(`${solver.name} says that no plan exists (${answer.message})`);
      if (row.evaluation !== undefined) check(solver.name, row.evaluation);
      const above = row.objective - dual;
      if (
        solver.relaxed &&
        answer.finished &&
        (above > SAME * Math.abs(dual) || above < -lattice - SAME * Math.abs(dual))
      )
        disagreements.push(
          `${solver.name} finds ${row.objective} for the relaxation, our dual bound is ${dual}`,
        );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { title, bound, rows, disagreements };
}

function ourselves(problem: AssignmentProblem) {
  const plan = assign(problem);
  const milliseconds = medianTime(() => assign(problem));
  const { bound } = plan.certificate;
  // Without the exact search the bound is that of the relaxation.
  const relaxed = assign(problem, { nodeLimit: 0, gapTolerance: 0 });
  const dual = relaxed.certificate.bound;
  // ... of floors rounded to the next sum that grades on a grid can have (native/assignment/lattice.h): worth so much at most.
  const lattice = relaxed.prices.limits
    .filter(({ quantity }) => quantity === "quality")
    .reduce((sum, { price }) => sum + price * GRID, 0);
  const evaluation = evaluate(problem, plan.choice);
  const disagreements: string[] = [];
  if (plan.feasible !== holds(evaluation))
    disagreements.push(`our plan is called ${plan.status} and misses its limits by ${worst(evaluation)}`);
  if (Math.abs(evaluation.objective - plan.certificate.objective) > 1e-9 * Math.abs(evaluation.objective))
    disagreements.push(`our plan costs ${evaluation.objective}, certified ${plan.certificate.objective}`);
  const rows: Row[] = [
    {
      name: "**assign**",
      time: formatTime(milliseconds),
      milliseconds,
      objective: evaluation.objective,
      evaluation,
      note: plan.status,
    },
  ];
  return { rows, disagreements, bound, dual, lattice, status: plan.status, feasible: plan.feasible };
}

function rowOf(solver: Solver, answer: Answer, problem: AssignmentProblem, cut: number): Row {
  const { cost } = problem.quantities;
  // Solvers look at the clock between steps, and some stop a little before the time is up.
  const overran = !answer.finished && !answer.infeasible && answer.milliseconds >= 0.9 * cut * 1e3;
  const base = overran
    ? { name: solver.name, time: `> ${cut} s`, milliseconds: cut * 1e3, cut: true }
    : { name: solver.name, time: formatTime(answer.milliseconds), milliseconds: answer.milliseconds };
  if (answer.x === undefined || (solver.relaxed && !answer.finished))
    return { ...base, objective: Number.NaN, evaluation: undefined, note: overran ? "" : answer.message };
  const { choice, splitRows } = roundRows(answer.x, problem.models.length);
  if (solver.relaxed) {
    const objective = answer.x.reduce((sum, x, cell) => sum + x * cost![cell]!, 0);
    return { ...base, objective, evaluation: undefined, note: `${splitRows} queries split` };
  }
  const evaluation = evaluate(problem, choice);
  return {
    ...base,
    objective: evaluation.objective,
    evaluation,
    note: answer.finished ? "" : overran ? "best so far" : answer.message,
  };
}

/** Per row the model with the greatest share; rows without a whole one are counted. */
function roundRows(x: Float64Array, models: number): { choice: Uint8Array; splitRows: number } {
  const choice = new Uint8Array(x.length / models);
  let splitRows = 0;
  for (let i = 0; i < choice.length; i++) {
    let best = 0;
    for (let j = 1; j < models; j++) if (x[i * models + j]! > x[i * models + best]!) best = j;
    choice[i] = best;
    if (x[i * models + best]! < 1 - 1e-6) splitRows++;
  }
  return { choice, splitRows };
}

function worst({ shortfall, excess }: Evaluation): string {
  const told = (miss: number, what: string) =>
    miss > TOLERANCE ? [`${what} ${(100 * miss).toPrecision(2)} %`] : [];
  return [...told(shortfall, "quality short"), ...told(excess, "over by")].join(", ") || "none";
}

function show({ title, bound, rows }: Comparison): string {
  const own = rows[0]!.milliseconds;
  const table = markdownTable(
    ["", "time", "x ours", "USD", "gap to our bound", "violations", "note"],
    rows.map(row => [
      row.name,
      row.time,
      `${row.cut ? "> " : ""}${formatCount(Number((row.milliseconds / own).toPrecision(2)))}`,
      Number.isFinite(row.objective) ? row.objective.toPrecision(8) : "-",
      Number.isFinite(row.objective) ? formatSignedGap((row.objective - bound) / Math.abs(bound)) : "-",
      row.evaluation === undefined ? "-" : worst(row.evaluation),
      row.note,
    ]),
  );
  return `### ${title}\n\n${table}`;
}

/** Differences within the precision of the sums are none. */
function formatSignedGap(gap: number): string {
  return Math.abs(gap) < 1e-12 ? "0" : formatGap(gap);
}
