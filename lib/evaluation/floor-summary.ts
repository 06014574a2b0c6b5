import type { FloorResults } from "./results.js";
import { meanOf } from "./statistics.js";

/** Several floors taken together. */
export interface FloorSummary {
  readonly batches: number;
  /** Shares of the batches. */
  readonly refused: number;
  readonly beyond: number;
  /** Share of the batches not refused; NaN without one. */
  readonly met: number;
  /** Mean over the batches not refused; a floor that is met counts 0. */
  readonly shortfall: number;
  /** The furthest below a floor, 0 if none was missed. */
  readonly worst: number;
  /** Means over the floors that some price reaches. */
  readonly overHindsight: number;
  readonly overMargin: number;
}

export function summariseFloors(floors: readonly FloorResults[]): FloorSummary {
  const total = (value: (floor: FloorResults) => number) =>
    floors.reduce((sum, floor) => sum + value(floor), 0);
  const batches = total(floor => floor.batches);
  const accepted = batches - total(floor => floor.refused);
  const splits = total(floor => floor.overMargin.values.length);
  return {
    batches,
    refused: 1 - accepted / batches,
    beyond: total(floor => floor.beyond) / splits,
    met: total(floor => floor.met) / accepted,
    shortfall:
      total(floor =>
        floor.refused < floor.batches ? floor.shortfall * (floor.batches - floor.refused) : 0,
      ) / accepted,
    worst:
      accepted === 0 ? Number.NaN : -Math.min(0, ...floors.map(floor => floor.worst).filter(Number.isFinite)),
    overHindsight: meanOf(floors.map(floor => floor.overHindsight.mean)),
    overMargin: meanOf(floors.map(floor => floor.overMargin.mean)),
  };
}
