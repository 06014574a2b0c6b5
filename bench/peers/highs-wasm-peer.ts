// Solves the linear program in a folder with HiGHS compiled to WebAssembly, in a process of its own so that it can be
// stopped: highs-wasm-peer.js FOLDER lp|milp SECONDS. Only model.run() is timed; a run of under a second is repeated and
// the median told.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { median } from "../statistics.js";
import { readProgram } from "./files.js";

// By require, because its declarations are those of a CommonJS module.
const loadHighs = createRequire(import.meta.url)("highs") as typeof import("highs").default;

const [folder, form, seconds] = process.argv.slice(2) as [string, string, string];
const program = readProgram(folder);
const highs = await loadHighs();
const data = {
  numCols: program.columns,
  numRows: program.rows,
  colCost: program.cost,
  colLower: new Float64Array(program.columns),
  colUpper: new Float64Array(program.columns).fill(1),
  rowLower: program.lower,
  rowUpper: program.upper,
  matrix: {
    format: "csc" as const,
    numRows: program.rows,
    numCols: program.columns,
    starts: program.starts,
    indices: program.indices,
    values: program.values,
  },
  ...(form === "milp" ? { integrality: new Int32Array(program.columns).fill(1) } : {}),
};

function solve() {
  return highs.withModel(data, model => {
    model.options.set({ output_flag: false, time_limit: Number(seconds) });
    const start = performance.now();
    model.run();
    const milliseconds = performance.now() - start;
    return { milliseconds, status: model.getModelStatus(), x: model.getSolution().colValue };
  });
}

const times: number[] = [];
let answer = solve();
for (times.push(answer.milliseconds); times[0]! < 1000 && times.length < 5; times.push(answer.milliseconds))
  answer = solve();

const { optimal, infeasible } = highs.constants.modelStatus;
const hasPlan = answer.x.length === program.columns && answer.x.some(value => value > 0);
if (hasPlan) writeFileSync(join(folder, "x.f64"), Float64Array.from(answer.x));
console.log(
  JSON.stringify({
    seconds: median(times) / 1e3,
    finished: answer.status === optimal,
    infeasible: answer.status === infeasible,
    message: `model status ${answer.status}`,
    hasPlan,
  }),
);
