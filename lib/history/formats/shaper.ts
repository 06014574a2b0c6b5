import { Problem } from "../problem.js";
import { aios } from "./aios.js";
import { avengersPro } from "./avengers-pro.js";
import { type Converted, type Format, type HistoryFormat, isObject } from "./format.js";
import { llmRouterBench } from "./llmrouterbench.js";
import { omnirouter } from "./omnirouter.js";
import { routerBench } from "./routerbench.js";

const FOREIGN: readonly Format[] = [routerBench, llmRouterBench, aios, avengersPro];
const FORMATS: readonly Format[] = [omnirouter, ...FOREIGN];

/** What the option `format` may be. */
export const HISTORY_FORMATS: readonly HistoryFormat[] = FORMATS.map(({ name }) => name);

/**
 * Brings the rows of one input into the shape of our own records. Their format is that of the first row that has what
 * only one of them has; until then they are taken for our own, and a later row of another format is a bad one: its
 * outcomes would be lost otherwise.
 */
export class Shaper {
  readonly #isDetected: boolean;
  #format: Format | undefined;

  /** @param format of all rows, detected unless given */
  constructor(format: HistoryFormat | undefined) {
    this.#isDetected = format === undefined;
    this.#format = FORMATS.find(({ name }) => name === format);
  }

  shape(row: unknown): Converted | Problem {
    // What is wrong with it is for the check of the record to say.
    if (!isObject(row)) return { record: row };
    if (this.#isDetected) {
      // Our own records may have any key besides.
      const fitting = omnirouter.matches(row) ? [omnirouter] : FOREIGN.filter(format => format.matches(row));
      const [format, other] = fitting;
      if (other)
        return new Problem(
          `could be a record of ${fitting.map(({ name }) => name).join(" or ")}: the option format says of which`,
        );
      if (format && this.#format && format !== this.#format)
        return new Problem(`is a record of ${format.name}, after others of ${this.#format.name}`);
      this.#format ??= format;
    }
    return (this.#format ?? omnirouter).convert(row);
  }
}
