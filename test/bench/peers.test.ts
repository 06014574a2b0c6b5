import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generateWorkload, problemOf } from "../../bench/instances.js";
import { evaluate, holds } from "../../bench/peers/evaluation.js";
import { readProgram, writeMps, writeProgram } from "../../bench/peers/files.js";
import { calibratedPrice, qualityThreshold } from "../../bench/peers/heuristics.js";
import { linearProgram } from "../../bench/peers/linear-program.js";
import { told } from "../../bench/peers/solvers.js";
import { type AssignmentProblem, assign } from "../../lib/index.js";

/** Two queries, two models: the first cheap and poor, the second dear and good, with room for one query. */
const small: AssignmentProblem = {
  models: ["cheap", "dear"],
  quantities: {
    cost: Float32Array.of(1, 4, 1, 8),
    quality: Float32Array.of(0.5, 1, 0.25, 1),
  },
  objective: { minimize: "cost" },
  limits: [
    { mean: "quality", atLeast: 0.625 },
    { sum: "requests", atMost: 1, model: "dear" },
  ],
};

describe.each([
  // The one weighs a query's gain against its cost, the other takes what reaches the threshold: at twice the cost.
  { name: "one calibrated price", rule: calibratedPrice, plan: [1, 0] },
  { name: "a quality threshold per query", rule: qualityThreshold, plan: [0, 1] },
])("the rule of $name", ({ rule, plan }) => {
  it("meets the floor and passes over full models, at no less than the certified bound", () => {
    for (const limits of ["floor", "slack", "tight"] as const) {
      const problem = problemOf(generateWorkload(600, 5), limits);
      const evaluation = evaluate(problem, rule(problem));
      expect(evaluation.excess).toBe(0);
      // First come, first served: with hardly a place to spare, the floor may be out of the rule's reach.
      if (limits === "tight" && !holds(evaluation)) continue;
      expect(holds(evaluation)).toBe(true);
      const { bound } = assign(problem).certificate;
      expect(evaluation.objective).toBeGreaterThanOrEqual(bound * (1 - 1e-6));
    }
  });

  it("gives the room there is to the query it ranks first", () => {
    expect([...rule(small)]).toEqual(plan);
  });

  it("says nothing of a floor out of reach: its plan falls short", () => {
    const limits = [{ mean: "quality", atLeast: 0.9 }, small.limits![1]!];
    const { shortfall, excess } = evaluate({ ...small, limits }, rule({ ...small, limits }));
    expect(shortfall).toBeGreaterThan(0.01);
    expect(excess).toBe(0);
  });
});

describe("what a peer tells", () => {
  it("is nothing but why, where it breaks down", () => {
    const stderr =
      "a line of its source\n\nRuntimeError: Aborted(). Build with -sASSERTIONS.\n    at abort\n";
    const ended = { code: 7, stdout: "", stderr, milliseconds: 5, stopped: false };
    const nothing = { milliseconds: 5, finished: false, infeasible: false, x: undefined };
    expect(told("", ended)).toEqual({
      ...nothing,
      message: "failed: RuntimeError: Aborted(). Build with -sASSERTIONS.",
    });
    expect(told("", { ...ended, stderr: "" })).toEqual({ ...nothing, message: "failed: exit code 7" });
    expect(told("", { ...ended, stopped: true })).toEqual({ ...nothing, message: "stopped" });
  });
});

describe("the evaluation of plans", () => {
  it("sums in double and tells by how much limits are missed", () => {
    expect(evaluate(small, Uint8Array.of(1, 0))).toEqual({ objective: 5, shortfall: 0, excess: 0 });
    expect(evaluate(small, Uint8Array.of(0, 0)).shortfall).toBeCloseTo(0.4, 12); // 0.75 of 1.25
    expect(evaluate(small, Uint8Array.of(1, 1)).excess).toBe(1); // 2 of 1
  });
});

describe("the linear program", () => {
  it("has a column per query and model, a row per query and limit, and costs divided by their mean", () => {
    const program = linearProgram(small);
    expect(program).toMatchObject({ columns: 4, rows: 4, costScale: 3.5 });
    expect([...program.lower]).toEqual([1, 1, 1.25, Number.NEGATIVE_INFINITY]);
    expect([...program.upper]).toEqual([1, 1, Number.POSITIVE_INFINITY, 1]);
    expect([...program.starts]).toEqual([0, 2, 5, 7, 10]);
    expect([...program.indices]).toEqual([0, 2, 0, 2, 3, 1, 2, 1, 2, 3]);
    expect([...program.values]).toEqual([1, 0.5, 1, 1, 1, 1, 0.25, 1, 1, 1]);
  });

  it("limits a group's rows only", () => {
    const grouped = linearProgram({
      ...small,
      groups: Uint16Array.of(0, 1),
      limits: [{ mean: "quality", atLeast: 0.5, group: 1 }],
    });
    expect([...grouped.lower]).toEqual([1, 1, 0.5]);
    expect([...grouped.indices]).toEqual([0, 0, 1, 2, 1, 2]);
  });

  it("comes back from its files as it was, and as MPS", () => {
    const folder = mkdtempSync(join(tmpdir(), "omnirouter-test-"));
    try {
      const program = linearProgram(small);
      writeProgram(folder, program, 2);
      expect(readProgram(folder)).toMatchObject(program);
      const mps = join(folder, "program.mps");
      writeMps(mps, program);
      const lines = readFileSync(mps, "utf8").split("\n");
      for (const line of [
        " E r1",
        " G r2",
        " L r3",
        " x1 r3 1",
        " x2 r2 0.25",
        " rhs r2 1.25",
        " UP bound x3 1",
      ])
        expect(lines).toContain(line);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
