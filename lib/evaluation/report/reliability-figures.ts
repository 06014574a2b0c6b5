import type { ReliabilityBin } from "../metrics/calibration.js";
import type { SetResults } from "../results.js";
import { methodColour, modelColour } from "./colours.js";
import type { Plotting } from "./plotting.js";

interface Diagram {
  readonly name: string;
  readonly colour: string;
  readonly bins: readonly ReliabilityBin[];
}

/** How far each method's predicted quality is what comes of it, over all models. */
export function reliabilityFigure(plotting: Plotting, set: SetResults): string {
  const diagrams = set.methods
    .filter(
      ({ prediction, id }) =>
        prediction !== undefined && id !== "omnirouter-confident" && id !== "best-single",
    )
    .map(({ id, label, prediction }) => ({
      name: label,
      colour: methodColour(id),
      bins: prediction!.reliability,
    }));
  return multiples(plotting, diagrams, 3, `Reliability of the methods' predictions on ${set.name}`);
}

/** The same of our predictions, for every model by itself. */
export function modelReliabilityFigure(plotting: Plotting, set: SetResults): string {
  const own = set.methods.find(({ id }) => id === "omnirouter")?.prediction;
  if (own === undefined) return "";
  const diagrams = own.models.map(({ model, reliability }, place) => ({
    name: model,
    colour: modelColour(place),
    bins: reliability,
  }));
  return multiples(
    plotting,
    diagrams,
    5,
    `Reliability of OmniRouter's predictions for each model of ${set.name}`,
  );
}

/** Small diagrams side by side: the diagonal is what a calibrated prediction has; dots are larger the more predictions lie there. */
function multiples(
  { Plot, draw }: Plotting,
  diagrams: readonly Diagram[],
  columns: number,
  label: string,
): string {
  const bins = diagrams.flatMap(({ name, colour, bins }, place) =>
    bins
      .filter(({ count }) => count > 0)
      .map(bin => ({
        ...bin,
        colour,
        name,
        column: place % columns,
        row: Math.floor(place / columns),
        share: bin.count / bins.reduce((sum, { count }) => sum + count, 0),
      })),
  );
  const titles = diagrams.map(({ name }, place) => ({
    name: name.length > 30 ? `${name.slice(0, 28)}…` : name,
    column: place % columns,
    row: Math.floor(place / columns),
  }));
  const rows = Math.ceil(diagrams.length / columns);
  return draw(
    {
      width: 860,
      height: rows * (columns > 3 ? 175 : 240) + 50,
      marginLeft: 42,
      marginBottom: 38,
      fx: { axis: null, padding: 0.08 },
      fy: { axis: null, padding: 0.14 },
      r: { range: [1.2, columns > 3 ? 5 : 8] },
      x: { domain: [0, 1], label: "predicted quality", ticks: [0, 0.5, 1], grid: true },
      y: { domain: [0, 1], label: "realised quality", ticks: [0, 0.5, 1], grid: true },
      marks: [
        Plot.frame({ stroke: "currentColor", strokeOpacity: 0.25 }),
        Plot.link([0], {
          x1: 0,
          y1: 0,
          x2: 1,
          y2: 1,
          stroke: "currentColor",
          strokeOpacity: 0.5,
          strokeDasharray: "3,3",
        }),
        Plot.line(bins, {
          x: "predicted",
          y: "realised",
          z: "name",
          stroke: "colour",
          fx: "column",
          fy: "row",
        }),
        Plot.dot(bins, {
          x: "predicted",
          y: "realised",
          r: "share",
          fill: "colour",
          fx: "column",
          fy: "row",
          title: ({ name, predicted, realised, count }: (typeof bins)[number]) =>
            `${name}: predicted ${predicted.toFixed(3)}, realised ${realised.toFixed(3)}, ${count} predictions`,
        }),
        Plot.text(titles, {
          text: "name",
          fx: "column",
          fy: "row",
          frameAnchor: "top",
          dy: -12,
          fontWeight: 600,
          fontSize: columns > 3 ? 10 : 12,
        }),
      ],
      color: { type: "identity" },
    },
    label,
  );
}
