// A linear program in a folder: arrays as they lie in memory for the peers that take arrays, and MPS for the rest.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LinearProgram } from "./linear-program.js";

const DOUBLES = ["cost", "lower", "upper", "values"] as const;
const INTEGERS = ["starts", "indices"] as const;

export function writeProgram(folder: string, program: LinearProgram, queries: number): void {
  const { rows, columns, costScale } = program;
  writeFileSync(join(folder, "shape.json"), JSON.stringify({ rows, columns, costScale, queries }));
  for (const name of DOUBLES) writeFileSync(join(folder, `${name}.f64`), program[name]);
  for (const name of INTEGERS) writeFileSync(join(folder, `${name}.i32`), program[name]);
}

export function readProgram(folder: string): LinearProgram {
  const shape = JSON.parse(readFileSync(join(folder, "shape.json"), "utf8")) as LinearProgram;
  const doubles = DOUBLES.map(name => [name, readDoubles(join(folder, `${name}.f64`))]);
  const integers = INTEGERS.map(name => [name, new Int32Array(bytes(join(folder, `${name}.i32`)))]);
  return { ...shape, ...Object.fromEntries([...doubles, ...integers]) };
}

export function readDoubles(path: string): Float64Array {
  return new Float64Array(bytes(path));
}

/** Copied, because what readFileSync gives need not start where an element may. */
function bytes(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

/** Columns are named x0, x1, ... in the program's order, rows r0, r1, ...; every column whole and in 0..1. */
export function writeMps(path: string, { columns, rows, ...program }: LinearProgram): void {
  const file = openSync(path, "w");
  let text = "";
  const put = (line: string) => {
    text += `${line}\n`;
    if (text.length > 1 << 20) {
      writeSync(file, text);
      text = "";
    }
  };
  put("NAME assignment FREE");
  put("ROWS");
  put(" N cost");
  for (let r = 0; r < rows; r++) {
    const [low, high] = [program.lower[r]!, program.upper[r]!];
    put(` ${low === high ? "E" : Number.isFinite(low) ? "G" : "L"} r${r}`);
  }
  put("COLUMNS");
  put(" M1 'MARKER' 'INTORG'");
  for (let c = 0; c < columns; c++) {
    put(` x${c} cost ${program.cost[c]}`);
    for (let k = program.starts[c]!; k < program.starts[c + 1]!; k++)
      put(` x${c} r${program.indices[k]} ${program.values[k]}`);
  }
  put(" M2 'MARKER' 'INTEND'");
  put("RHS");
  for (let r = 0; r < rows; r++)
    put(` rhs r${r} ${Number.isFinite(program.lower[r]!) ? program.lower[r] : program.upper[r]}`);
  put("BOUNDS");
  for (let c = 0; c < columns; c++) put(` UP bound x${c} 1`);
  put("ENDATA");
  writeSync(file, text);
  closeSync(file);
}
