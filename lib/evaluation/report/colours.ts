/** Colours that tell lines apart on a light and on a dark page. Ours are warm and the others cool or grey. */
const BY_METHOD: Readonly<Record<string, string>> = {
  omnirouter: "#e4572e",
  "omnirouter-confident": "#d81b8c",
  "carrot-knn": "#2f80c8",
  "matrix-factorisation": "#17a398",
  clusters: "#8a6fd1",
  port: "#6aa84f",
  threshold: "#b58900",
  "best-single": "#7d8597",
  cheapest: "#a0826d",
  random: "#9e9e9e",
  oracle: "#8f9bb3",
};

export function methodColour(id: string): string {
  return BY_METHOD[id] ?? "#7d8597";
}

export function isOurs(id: string): boolean {
  return id.startsWith("omnirouter");
}

/** For models, by column: around the wheel by the golden angle, at two depths. */
export function modelColour(column: number): string {
  return `hsl(${Math.round((column * 137.508 + 12) % 360)} ${column % 2 === 0 ? 58 : 42}% ${column % 3 === 0 ? 45 : 58}%)`;
}
