/** Least is best: what it would cost to give a query to a model, by cell (`row * width + column`). */
export type Score = (cell: number) => number;

/** Queries that each model may take of a batch; as good as unlimited where a model may take the whole batch. */
export function capacityOf(share: number, batch: number): number {
  return Math.ceil(share * batch - 1e-9);
}

/**
 * Gives every query, in the order of `rows`, to the model with the least score that has room: what one does with a rule
 * that knows no capacities. Of equal scores the first column's counts.
 *
 * @param most queries that each model may take; enough in sum for all rows
 */
export function chooseWithSpill(rows: Int32Array, width: number, score: Score, most: number): Uint8Array {
  const choice = new Uint8Array(rows.length);
  const room = new Int32Array(width).fill(most);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < width; j++) {
      if (room[j] === 0) continue;
      const value = score(start + j);
      if (value < least || best < 0) {
        least = value;
        best = j;
      }
    }
    choice[i] = best;
    room[best]!--;
  }
  return choice;
}

/** Queries beyond what their models may take. */
export function overrun(choice: Uint8Array, width: number, most: number): number {
  const taken = new Int32Array(width);
  for (const column of choice) taken[column]!++;
  return taken.reduce((sum, count) => sum + Math.max(0, count - most), 0);
}
