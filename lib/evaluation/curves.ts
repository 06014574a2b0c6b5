import { type Outcomes, type Realised, realise } from "./outcomes.js";

/** A method's curve on the held-out queries of one split. */
export interface RealisedCurve {
  readonly choices: readonly Uint8Array[];
  readonly points: readonly Realised[];
}

export function realiseCurve(outcomes: Outcomes, choices: readonly Uint8Array[]): RealisedCurve {
  return { choices, points: choices.map(choice => realise(outcomes, choice)) };
}

/** Share of the queries that every model has, to four decimals. */
export function mixOf(choice: Uint8Array, width: number): number[] {
  const mix = new Array<number>(width).fill(0);
  for (const column of choice) mix[column]!++;
  return mix.map(count => Math.round((1e4 * count) / choice.length) / 1e4);
}

/** Means of lists point by point, over the lists that are so long and have a number there. */
export function meanByPoint(lists: readonly (readonly (readonly number[])[])[]): number[][] {
  const longest = Math.max(0, ...lists.map(list => list.length));
  return Array.from({ length: longest }, (_, point) => {
    const held = lists.filter(list => list.length > point).map(list => list[point]!);
    return held[0]!.map((_, i) => {
      const known = held.map(values => values[i]!).filter(value => !Number.isNaN(value));
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    });
  });
}
