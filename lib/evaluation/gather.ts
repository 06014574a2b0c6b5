/** The given rows of a row-major matrix, in the given order. */
export function gatherRows(matrix: Float32Array, width: number, rows: ArrayLike<number>): Float32Array {
  const gathered = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++)
    gathered.set(matrix.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  return gathered;
}

/** Puts rows back where {@link gatherRows} took them from. */
export function scatterRows(
  gathered: Float32Array,
  width: number,
  rows: ArrayLike<number>,
  matrix: Float32Array,
): void {
  for (let i = 0; i < rows.length; i++)
    matrix.set(gathered.subarray(i * width, (i + 1) * width), rows[i]! * width);
}
