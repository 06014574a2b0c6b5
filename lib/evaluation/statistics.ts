import type { Stat } from "./results.js";

/** Mean and its standard error over the values there are. */
export function statOf(values: readonly number[]): Stat {
  const known = values.filter(value => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = known.length < 2 ? Number.NaN : Math.sqrt(squares / (known.length - 1) / known.length);
  return { mean, error, values };
}

/** Mean of the values there are; NaN without any. */
export function meanOf(values: readonly number[]): number {
  return statOf(values).mean;
}
