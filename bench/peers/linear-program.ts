import type { AssignmentProblem } from "../../lib/index.js";

/**
 * The problem as every general solver takes it: minimise cost x subject to lower <= A x <= upper, 0 <= x <= 1, x whole
 * for the integer form. Column i * models + j is x[i,j]; the first rows are one model per query, then the limits. A is
 * compressed by column.
 */
export interface LinearProgram {
  readonly columns: number;
  readonly rows: number;
  /** Divided by `costScale`, the mean cost: solvers' tolerances are absolute, and 1e-7 swallows prices per token. */
  readonly cost: Float64Array;
  readonly costScale: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

export function linearProgram(problem: AssignmentProblem): LinearProgram {
  const models = problem.models.length;
  const limits = problem.limits ?? [];
  const cost = problem.quantities.cost!;
  const columns = cost.length;
  const queries = columns / models;
  const rows = queries + limits.length;

  // The benches' problems number their groups.
  const groupRows = new Map<number, number>();
  for (const group of problem.groups ?? []) groupRows.set(group, (groupRows.get(group) ?? 0) + 1);
  const lower = new Float64Array(rows).fill(1);
  const upper = new Float64Array(rows).fill(1);
  limits.forEach((limit, l) => {
    const scope = typeof limit.group === "number" ? (groupRows.get(limit.group) ?? 0) : queries;
    const factor = limit.mean === undefined ? 1 : scope;
    lower[queries + l] = limit.atLeast === undefined ? Number.NEGATIVE_INFINITY : limit.atLeast * factor;
    upper[queries + l] = limit.atMost === undefined ? Number.POSITIVE_INFINITY : limit.atMost * factor;
  });

  // Which limits touch a cell depends on its model and its group alone.
  const touching = (model: string, group: number) =>
    limits
      .map((limit, l) => ({ limit, row: queries + l }))
      .filter(
        ({ limit }) =>
          (limit.model ?? model) === model && (limit.group === undefined || limit.group === group),
      )
      .map(({ limit, row }) => ({ row, values: problem.quantities[(limit.mean ?? limit.sum)!] }));
  const groups = problem.groups === undefined ? 1 : Math.max(0, ...groupRows.keys()) + 1;
  const touched = Array.from({ length: groups }, (_, group) =>
    problem.models.map(model => touching(model, group)),
  );
  const most = Math.max(0, ...touched.flat().map(list => list.length));

  const starts = new Int32Array(columns + 1);
  const indices = new Int32Array(columns * (1 + most));
  const values = new Float64Array(indices.length);
  let entries = 0;
  let sum = 0;
  for (let cell = 0; cell < columns; cell++) {
    const query = Math.floor(cell / models);
    indices[entries] = query;
    values[entries++] = 1;
    for (const { row, values: quantity } of touched[problem.groups?.[query] ?? 0]![cell % models]!) {
      const value = quantity === undefined ? 1 : quantity[cell]!;
      if (value === 0) continue;
      indices[entries] = row;
      values[entries++] = value;
    }
    starts[cell + 1] = entries;
    sum += cost[cell]!;
  }
  const costScale = sum > 0 ? sum / columns : 1;
  return {
    columns,
    rows,
    cost: Float64Array.from(cost, c => c / costScale),
    costScale,
    lower,
    upper,
    starts,
    indices: indices.subarray(0, entries),
    values: values.subarray(0, entries),
  };
}
