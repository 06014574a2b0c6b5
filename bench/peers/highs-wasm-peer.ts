// Solves the linear program in a folder with HiGHS compiled to WebAssembly, in a process of its own so that it can be
// stopped: highs-wasm-peer.js FOLDER lp|milp SECONDS. Only model.run() is timed.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readProgram } from "./files.js";

// By require, because its declarations are those of a CommonJS module.
const loadHighs = createRequire(import.meta.url)("highs") as typeof import("highs").default;

const [folder, form, seconds] = process.argv.slice(2) as [string, string, string];
const program = readProgram(folder);
const highs = await loadHighs();
const model = highs.createModel({
  numCols: program.columns,
  numRows: program.rows,
  colCost: program.cost,
  colLower: new Float64Array(program.columns),
  colUpper: new Float64Array(program.columns).fill(1),
  rowLower: program.lower,
  rowUpper: program.upper,
  matrix: {
    format: "csc",
    numRows: program.rows,
    numCols: program.columns,
    starts: program.starts,
    indices: program.indices,
    values: program.values,
  },
  ...(form === "milp" ? { integrality: new Int32Array(program.columns).fill(1) } : {}),
});
model.options.set({ output_flag: false, time_limit: Number(seconds) });
const start = performance.now();
model.run();
const took = performance.now() - start;
const status = model.getModelStatus();
const { optimal, infeasible } = highs.constants.modelStatus;
const x = model.getSolution().colValue;
const hasPlan = x.length === program.columns && x.some(value => value > 0);
if (hasPlan) writeFileSync(join(folder, "x.f64"), Float64Array.from(x));
console.log(
  JSON.stringify({
    version: "highs (npm)",
    seconds: took / 1e3,
    finished: status === optimal,
    infeasible: status === infeasible,
    message: `model status ${status}`,
    hasPlan,
  }),
);
