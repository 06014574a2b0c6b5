/** What a policy comes to: mean quality and mean cost of a query in USD. A curve is a list of them, in any order. */
export interface CurvePoint {
  readonly quality: number;
  readonly cost: number;
}

/** The highest quality on a curve. */
export function peak(curve: readonly CurvePoint[]): number {
  return curve.reduce((best, { quality }) => Math.max(best, quality), Number.NEGATIVE_INFINITY);
}

/**
 * The least cost at which a curve reaches a quality, as a share of a reference cost (CR where both are those of the best
 * single model), at most 1: whoever never gets there cheaper can take the reference itself. `matched` says whether the
 * curve gets there at all.
 */
export function costRatio(
  curve: readonly CurvePoint[],
  quality: number,
  referenceCost: number,
): { readonly ratio: number; readonly matched: boolean } {
  const costs = curve.filter(point => point.quality >= quality - 1e-12).map(({ cost }) => cost);
  const least = Math.min(...costs);
  return { ratio: Math.min(1, least / referenceCost), matched: costs.length > 0 };
}

/**
 * Average improvement in quality: the area under the non-decreasing convex hull of the curve between two costs, divided
 * by their distance, so that it is a mean quality (RouterBench, arXiv 2403.12031). Points of the hull are reached by
 * mixing their neighbours at random. Below its cheapest point a curve starts from `floor`, which everyone can have.
 */
export function averageImprovement(
  curve: readonly CurvePoint[],
  floor: CurvePoint,
  range: readonly [number, number],
): number {
  const [from, to] = range;
  const hull = upperHull([floor, ...curve]);
  // Linear between the hull's corners, and as high as the last of them beyond it.
  const at = (cost: number) => {
    const next = hull.findIndex(point => point.cost >= cost);
    if (next < 0) return hull.at(-1)!.quality;
    if (next === 0) return hull[0]!.quality;
    const [a, b] = [hull[next - 1]!, hull[next]!];
    return a.quality + ((b.quality - a.quality) * (cost - a.cost)) / (b.cost - a.cost);
  };
  if (!(to > from)) return at(from);
  const corners = [from, ...hull.map(({ cost }) => cost).filter(cost => cost > from && cost < to), to];
  let area = 0;
  for (let i = 1; i < corners.length; i++)
    area += ((at(corners[i - 1]!) + at(corners[i]!)) / 2) * (corners[i]! - corners[i - 1]!);
  return area / (to - from);
}

/** Corners of the least concave, non-decreasing function that lies nowhere below the points, by rising cost. */
export function upperHull(points: readonly CurvePoint[]): CurvePoint[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || b.quality - a.quality);
  const hull: CurvePoint[] = [];
  for (const point of sorted) {
    if (hull.length > 0 && point.quality <= hull.at(-1)!.quality) continue;
    // Andrew's monotone chain: a corner below the line from the one before it to the new point is none.
    while (hull.length > 1 && slope(hull.at(-2)!, point) >= slope(hull.at(-2)!, hull.at(-1)!)) hull.pop();
    hull.push(point);
  }
  return hull;
}

function slope(a: CurvePoint, b: CurvePoint): number {
  return (b.quality - a.quality) / (b.cost - a.cost);
}
