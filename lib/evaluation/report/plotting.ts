import type { PlotOptions } from "@observablehq/plot";
import { OmniRouterError } from "../../errors.js";

type PlotModule = typeof import("@observablehq/plot");

/** Observable Plot, drawing to text. */
export interface Plotting {
  readonly Plot: PlotModule;
  /** The figure as an SVG element, readable on a light and on a dark page. `label` says to screen readers what it shows. */
  draw(options: PlotOptions, label: string): string;
}

/**
 * Loads the plotting library, which only reports need: it is an optional peer dependency, with a document to draw in.
 *
 * @throws OmniRouterError `ERR_OMNI_MISSING_DEPENDENCY`, telling what to install
 */
export async function loadPlotting(
  importer: (name: string) => Promise<unknown> = name =>
    import(/* webpackIgnore: true */ /* @vite-ignore */ name),
): Promise<Plotting> {
  let Plot: PlotModule;
  let parseHTML: (html: string) => { document: { querySelector(selector: string): unknown } };
  try {
    Plot = (await importer("@observablehq/plot")) as PlotModule;
    ({ parseHTML } = (await importer("linkedom")) as { parseHTML: typeof parseHTML });
  } catch (cause) {
    throw new OmniRouterError(
      "ERR_OMNI_MISSING_DEPENDENCY",
      "the HTML report is drawn by @observablehq/plot and linkedom, which are not installed: npm install @observablehq/plot linkedom",
      { cause },
    );
  }
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return {
    Plot,
    draw(options, label) {
      const figure = Plot.plot({
        ...options,
        // Typed for browsers; any document will do.
        document: document as unknown as NonNullable<PlotOptions["document"]>,
        ariaLabel: label,
        style: { background: "transparent", color: "inherit", fontSize: "12px", overflow: "visible" },
      });
      return (figure as unknown as { outerHTML: string }).outerHTML;
    },
  };
}
