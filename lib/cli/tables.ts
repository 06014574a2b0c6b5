import { styleText } from "node:util";
import Table from "cli-table3";
import { printable } from "../printable.js";
import type { Session } from "./session.js";

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand right, names left. */
  readonly align?: "left" | "right";
}

const noBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/**
 * Rows under a heading, two spaces between columns: as good in a log file as on a terminal. The heading is bold where
 * {@link hasColor} says so; names in cells are made printable. Ends with a newline.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  color: boolean,
): string {
  const table = new Table({
    // The table's own styles ask the process whether it has a terminal: the caller has asked its stream already.
    head: columns.map(({ head }) => (color ? styleText("bold", head, { validateStream: false }) : head)),
    colAligns: columns.map(({ align }) => align ?? "right"),
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  table.push(...rows.map(row => columns.map(({ cell }) => printable(cell(row)))));
  return `${table
    .toString()
    .split("\n")
    .map(line => line.trimEnd())
    .join("\n")}\n`;
}

/** Whether a stream shows colour: a terminal, unless NO_COLOR (https://no-color.org) or a dumb one. */
export function hasColor(stream: { readonly isTTY?: boolean }, { env }: Pick<Session, "env">): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}
