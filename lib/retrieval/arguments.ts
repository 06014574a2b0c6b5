import { invalid } from "../errors.js";
import { checkArray } from "../typed-arrays.js";

const MOST_DIMENSIONS = 65_536;
const MOST_K = 2 ** 31 - 1;

export function checkDimension(dimension: unknown): asserts dimension is number {
  if (!Number.isInteger(dimension) || (dimension as number) < 1 || (dimension as number) > MOST_DIMENSIONS)
    throw invalid("dimension", `must be a whole number from 1 to ${MOST_DIMENSIONS}`);
}

/** Checks `values` to be one or more whole rows and returns their number. Their contents are checked where read. */
export function checkRows(argument: "vectors" | "queries", values: unknown, dimension: number): number {
  checkArray(values, "Float32Array", argument);
  if (values.length === 0) throw invalid(argument, "must hold at least one row; it is empty");
  if (values.length % dimension !== 0)
    throw invalid(
      argument,
      `has ${values.length} elements, which is not a multiple of the index's dimension ${dimension}`,
    );
  return values.length / dimension;
}

export function checkIds(ids: unknown, rows: number): asserts ids is Int32Array | undefined {
  if (ids === undefined) return;
  checkArray(ids, "Int32Array", "ids", "must be an Int32Array or left out");
  if (ids.length !== rows) throw invalid("ids", `has ${ids.length} elements for ${rows} vectors`);
}

export function checkK(k: unknown): asserts k is number {
  if (!Number.isInteger(k) || (k as number) < 1 || (k as number) > MOST_K)
    throw invalid("k", `must be a whole number from 1 to ${MOST_K}`);
}

export function checkPath(path: unknown): asserts path is string {
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw invalid("path", "must be the name of a file");
}
