// An assignment problem in the text form that HiGHS reads (CPLEX LP format), and HiGHS's answer to it.
import highsLoader, { type Highs } from "highs";
import type { AssignmentProblem, Limit } from "../../lib/index.js";

// Its types describe the CommonJS file; what Node imports is the ES module, whose default export is the loader itself.
const load = highsLoader as unknown as typeof highsLoader.default;
let loaded: Promise<Highs> | undefined;

export interface HighsAnswer {
  /** `undecided`: its time was up. */
  readonly status: "optimal" | "infeasible" | "undecided";
  /** Of the objective as stated (what is maximised, if it is). */
  readonly objective: number;
}

/** A float32 in a problem is exactly the double printed here, so both solvers read the same numbers. */
function term(coefficient: number, i: number, j: number): string {
  return `${coefficient < 0 ? "-" : "+"} ${Math.abs(coefficient)} x${i}_${j}`;
}

/** @param slack how far a limit on a sum of float32 values may be missed, relative to its bound: 1e-7 is `assign`'s. */
function asLp(problem: AssignmentProblem, integers: boolean, slack: number): string {
  const m = problem.models.length;
  const rows = Object.values(problem.quantities)[0]!.length / m;
  const mayAnswer = (i: number, j: number) =>
    problem.allowed === undefined || ((problem.allowed[i]! >> BigInt(j)) & 1n) === 1n;
  const sum = (coefficient: (i: number, j: number) => number) => {
    const terms: string[] = [];
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < m; j++) {
        const c = mayAnswer(i, j) ? coefficient(i, j) : 0;
        if (c !== 0) terms.push(term(c, i, j));
      }
    return terms.length === 0 ? "0 x0_0" : terms.join("\n ");
  };
  const { objective } = problem;
  const maximise = "maximize" in objective;
  const stated = maximise ? objective.maximize : objective.minimize;
  const weights = Object.entries(typeof stated === "string" ? { [stated]: 1 } : stated);
  const lines = [
    maximise ? "Maximize" : "Minimize",
    ` obj: ${sum((i, j) => weights.reduce((sum, [name, weight]) => sum + weight * problem.quantities[name]![i * m + j]!, 0))}`,
  ];
  lines.push("Subject To");
  for (let i = 0; i < rows; i++) {
    const terms = [...Array(m).keys()].filter(j => mayAnswer(i, j)).map(j => `+ x${i}_${j}`);
    lines.push(` one${i}: ${terms.join(" ")} = 1`);
  }
  (problem.limits ?? []).forEach((limit: Limit, l) => {
    const quantity = (limit.mean ?? limit.sum)!;
    const inScope = (i: number) => limit.group === undefined || (problem.groups?.[i] ?? 0) === limit.group;
    const scope = [...Array(rows).keys()].filter(inScope).length;
    const left = sum((i, j) => {
      if (!inScope(i) || (limit.model !== undefined && problem.models[j] !== limit.model)) return 0;
      return quantity === "requests" ? 1 : problem.quantities[quantity]![i * m + j]!;
    });
    const bound = (limit.atLeast ?? limit.atMost)! * (limit.mean === undefined ? 1 : scope);
    const given = quantity === "requests" ? 0 : slack * Math.abs(bound);
    lines.push(
      ` limit${l}: ${left} ${limit.atLeast === undefined ? `<= ${bound + given}` : `>= ${bound - given}`}`,
    );
  });
  const names: string[] = [];
  for (let i = 0; i < rows; i++) for (let j = 0; j < m; j++) if (mayAnswer(i, j)) names.push(`x${i}_${j}`);
  if (integers) lines.push("Binary", ` ${names.join("\n ")}`);
  else lines.push("Bounds", ...names.map(name => ` 0 <= ${name} <= 1`));
  lines.push("End");
  return lines.join("\n");
}

export async function solveByHighs(
  problem: AssignmentProblem,
  { integers, slack }: { integers: boolean; slack: number },
): Promise<HighsAnswer> {
  loaded ??= load();
  const highs = await loaded;
  const answer = highs.solve(asLp(problem, integers, slack), {
    time_limit: 2,
    mip_rel_gap: 0,
    mip_abs_gap: 0,
    mip_feasibility_tolerance: 1e-9,
    primal_feasibility_tolerance: 1e-9,
    dual_feasibility_tolerance: 1e-9,
  });
  if (answer.Status === "Optimal") return { status: "optimal", objective: answer.ObjectiveValue };
  if (answer.Status === "Infeasible") return { status: "infeasible", objective: Number.NaN };
  if (answer.Status === "Time limit reached") return { status: "undecided", objective: Number.NaN };
  throw new Error(`HiGHS: ${answer.Status}`);
}
