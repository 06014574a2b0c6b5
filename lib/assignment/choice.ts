import { invalid } from "../errors.js";
import { checkArray } from "../typed-arrays.js";

/** @throws OmniRouterError for anything but one element per query. */
export function checkOut(out: Uint8Array, rows: number): void {
  checkArray(out, "Uint8Array", "out", `must be a Uint8Array of ${rows} elements, one per query`);
  if (out.length !== rows)
    throw invalid("out", `must be a Uint8Array of ${rows} elements, one per query, got ${out.length}`);
}

/**
 * Up to so many elements V8 keeps a typed array in its own heap, where it is made in no time, and has to move it out
 * when the addon is given it. So the addon writes short choices here, and they are copied.
 */
const short = new Uint8Array(64);

/** What the addon writes, one element per query: into `out`, or into a new array. */
export function chosen(
  rows: number,
  out: Uint8Array | undefined,
  write: (choice: Uint8Array) => void,
): Uint8Array {
  if (out === undefined && rows <= short.length) {
    write(short);
    return short.slice(0, rows);
  }
  const choice = out ?? new Uint8Array(rows);
  write(choice);
  return choice;
}
