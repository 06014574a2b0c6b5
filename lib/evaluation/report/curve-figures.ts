import type { CapacityResults, MethodResults, SetResults } from "../results.js";
import { isOurs, methodColour, modelColour } from "./colours.js";
import type { Plotting } from "./plotting.js";
import { percent } from "./words.js";

interface Labelled {
  readonly method: MethodResults;
  readonly results: CapacityResults;
}

const WIDTH = 860;

/** Cost-quality curves of all methods, with what they came to under each floor as dots; whole, or near the best single model. */
export function curveFigure(
  { Plot, draw }: Plotting,
  set: SetResults,
  capacity: number,
  near: boolean,
): string {
  const methods = at(set, capacity);
  // The confident router has the curve of the other: only its floors differ.
  const lines = methods.filter(
    ({ method, results }) => results.curve.length > 1 && method.id !== "omnirouter-confident",
  );
  const dots = methods.filter(({ results }) => results.curve.length === 1);
  const floors = methods.flatMap(({ method, results }) =>
    results.floors
      .filter(({ batch, refused, batches }) => batch === "all" && refused < batches)
      .map(floor => ({ method, floor, ...relative(set, floor.quality.mean, floor.cost.mean) })),
  );
  const best = Math.max(
    ...lines.filter(({ method }) => method.id !== "oracle").map(({ results }) => highest(results)),
  );
  const top = Math.max(...lines.map(({ results }) => highest(results)));
  const domain = near ? [0.92, Math.max(1.01, best + 0.005)] : [0.65, Math.max(1.02, top + 0.01)];
  const inside = (quality: number) => quality >= domain[0]! && quality <= domain[1]!;
  const costs = lines
    .filter(({ method }) => !near || method.id !== "oracle")
    .flatMap(({ results }) => results.curve.filter(({ quality }) => inside(quality)).map(({ cost }) => cost))
    .filter(cost => cost > 0);
  return draw(
    {
      width: WIDTH,
      height: near ? 380 : 440,
      marginLeft: 58,
      marginBottom: 42,
      x: {
        type: "log",
        domain: [Math.min(...costs, 0.9), Math.max(...costs, 1.1)],
        label: "cost of a query, share of the best single model's (log scale)",
        tickFormat: (cost: number) => `${Number((100 * cost).toPrecision(2))} %`,
        ticks: 6,
        grid: true,
      },
      y: {
        domain,
        label: "realised quality, share of the best single model's",
        tickFormat: (quality: number) => percent(quality, near ? 1 : 0),
        grid: true,
      },
      marks: [
        Plot.ruleY([0.95, 0.99, 1], { stroke: "currentColor", strokeOpacity: 0.45, strokeDasharray: "3,3" }),
        ...lines.map(({ method, results }) =>
          Plot.line(results.curve, {
            x: "cost",
            y: "quality",
            stroke: methodColour(method.id),
            strokeWidth: isOurs(method.id) ? 3 : 1.6,
            ...(method.id === "oracle" ? { strokeDasharray: "6,4" } : {}),
            clip: true,
          }),
        ),
        Plot.dot(floors, {
          x: "cost",
          y: "quality",
          r: 3.2,
          fill: ({ method }: (typeof floors)[number]) => methodColour(method.id),
          stroke: "var(--page)",
          strokeWidth: 0.8,
          title: ({ method, floor, quality, cost }: (typeof floors)[number]) =>
            `${method.label}, floor ${percent(floor.share)}: realised ${percent(quality, 1)} at ${percent(cost, 1)} of the cost`,
          clip: true,
        }),
        Plot.dot(
          dots.map(({ method, results }) => ({ method, ...results.curve[0]! })),
          {
            x: "cost",
            y: "quality",
            symbol: "diamond",
            r: 5,
            fill: ({ method }: { method: MethodResults }) => methodColour(method.id),
            title: ({ method }: { method: MethodResults }) => method.label,
            clip: true,
          },
        ),
      ],
    },
    `Cost-quality curves of ${methods.length} methods on ${set.name}${near ? ", near the best single model" : ""}`,
  );
}

/** Which models our curve is made of, from its cheap end to its dear one. */
export function mixFigure({ Plot, draw }: Plotting, set: SetResults, capacity: number): string {
  const own = at(set, capacity).find(({ method }) => method.id === "omnirouter");
  if (own === undefined) return "";
  const { mix, curve } = own.results;
  const shown = mixedModels(set, own.results);
  const areas = mix.flatMap((shares, point) => {
    const rest = 1 - shown.reduce((sum, { column }) => sum + shares[column]!, 0);
    return [
      ...shown.map(({ column, model }, place) => ({ point, model, column, place, share: shares[column]! })),
      ...(shown.length < set.models.length
        ? [{ point, model: "others", column: -1, place: shown.length, share: Math.max(0, rest) }]
        : []),
    ];
  });
  const labelEvery = Math.max(1, Math.round(curve.length / 8));
  return draw(
    {
      width: WIDTH,
      height: 320,
      marginLeft: 58,
      marginBottom: 42,
      x: {
        label:
          "from the cheapest to the dearest point of the curve; its quality, share of the best single model's",
        ticks: curve.map((_, point) => point).filter(point => point % labelEvery === 0),
        tickFormat: (point: number) => percent(curve[point]?.quality ?? Number.NaN, 1),
      },
      y: { label: "share of the queries", tickFormat: (share: number) => percent(share), domain: [0, 1] },
      marks: [
        Plot.areaY(areas, {
          x: "point",
          y: "share",
          z: "model",
          order: "place",
          fill: ({ column }: { column: number }) => (column < 0 ? "#9e9e9e" : modelColour(column)),
          title: "model",
        }),
        Plot.ruleY([0]),
      ],
    },
    `Share of the queries that each model has along OmniRouter's curve on ${set.name}`,
  );
}

/** The models that have a part in our curve worth a colour, in the order in which they come along it. */
export function mixedModels(
  set: SetResults,
  { mix }: Pick<CapacityResults, "mix">,
): { readonly model: string; readonly column: number }[] {
  return set.models
    .map((model, column) => {
      const shares = mix.map(each => each[column]!);
      const sum = shares.reduce((total, share) => total + share, 0);
      const centre = shares.reduce((moment, share, point) => moment + point * share, 0) / sum;
      return { model, column, centre, most: Math.max(0, ...shares) };
    })
    .filter(({ most }) => most >= 0.05)
    .sort((a, b) => b.most - a.most)
    .slice(0, 12)
    .sort((a, b) => a.centre - b.centre);
}

function at(set: SetResults, capacity: number): Labelled[] {
  return set.methods.flatMap(method =>
    method.capacities.filter(results => results.capacity === capacity).map(results => ({ method, results })),
  );
}

function highest({ curve }: CapacityResults): number {
  return Math.max(...curve.map(({ quality }) => quality));
}

function relative({ best }: SetResults, quality: number, cost: number): { quality: number; cost: number } {
  const mean = (key: "quality" | "cost") => best.reduce((sum, each) => sum + each[key], 0) / best.length;
  return { quality: quality / mean("quality"), cost: cost / mean("cost") };
}
