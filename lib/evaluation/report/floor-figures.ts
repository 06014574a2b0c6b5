import type { SetResults } from "../results.js";
import { isOurs, methodColour } from "./colours.js";
import type { Plotting } from "./plotting.js";
import { batchInWords, percent } from "./words.js";

/** These keep no floor on purpose. */
const WITHOUT_FLOORS = new Set(["oracle", "random", "cheapest"]);

/** Of the floors asked for, by batch size: which share was met, and by how much quality lay above or below. */
export function floorFigure(
  { Plot, draw }: Plotting,
  set: SetResults,
  capacity: number,
  what: "met" | "slack",
): string {
  const points = set.methods
    .filter(({ id }) => !WITHOUT_FLOORS.has(id))
    .flatMap(({ id, label, capacities }) =>
      capacities
        .filter(results => results.capacity === capacity)
        .flatMap(({ floors }) => floors)
        .filter(({ batches, refused }) => refused < batches)
        .map(floor => ({
          id,
          label,
          share: floor.share,
          batch: floor.batch,
          value: what === "met" ? floor.met / (floor.batches - floor.refused) : floor.slack.mean,
        })),
    );
  const batches = [...new Set(points.map(({ batch }) => batch))];
  const titles = batches.map(batch => ({ batch, title: batchInWords(batch) }));
  return draw(
    {
      width: 860,
      height: 300,
      marginLeft: 52,
      marginTop: 34,
      marginBottom: 42,
      fx: { axis: null, domain: batches, padding: 0.07 },
      x: {
        label: "floor, share of the best single model's quality",
        tickFormat: (share: number) => percent(share),
        ticks: 4,
      },
      y: {
        label: what === "met" ? "batches that met their floor" : "realised quality minus the floor",
        grid: true,
        ...(what === "met" ? { domain: [0, 1], tickFormat: (share: number) => percent(share) } : {}),
      },
      color: { type: "identity" },
      marks: [
        Plot.ruleY([what === "met" ? 0.95 : 0], { stroke: "currentColor", strokeDasharray: "3,3" }),
        Plot.line(points, {
          x: "share",
          y: "value",
          z: "id",
          fx: "batch",
          stroke: ({ id }: (typeof points)[number]) => methodColour(id),
          strokeWidth: ({ id }: (typeof points)[number]) => (isOurs(id) ? 3 : 1.5),
        }),
        Plot.dot(points, {
          x: "share",
          y: "value",
          fx: "batch",
          r: 3,
          fill: ({ id }: (typeof points)[number]) => methodColour(id),
          title: ({ label, share, value }: (typeof points)[number]) =>
            `${label}, floor ${percent(share)}: ${what === "met" ? percent(value, 1) : value.toFixed(4)}`,
        }),
        Plot.text(titles, { text: "title", fx: "batch", frameAnchor: "top", dy: -16, fontWeight: 600 }),
      ],
    },
    `${what === "met" ? "Floors met" : "Realised quality minus the floor"} on ${set.name}`,
  );
}
