import { escapeHtml } from "./words.js";

export interface HtmlColumn<Row> {
  readonly head: string;
  /** Explains the heading where a pointer rests on it. */
  readonly title?: string;
  readonly cell: (row: Row) => string;
  /** Marks the best cell of the column: which is better, and what counts. */
  readonly best?: { readonly of: (row: Row) => number; readonly is: "highest" | "lowest" };
}

/** A table whose first column names its rows. */
export function htmlTable<Row>(
  rows: readonly Row[],
  columns: readonly HtmlColumn<Row>[],
  isMarked: (row: Row) => boolean = () => false,
): string {
  const best = columns.map(({ best }) => {
    const values = best === undefined ? [] : rows.map(best.of).filter(Number.isFinite);
    if (values.length === 0) return undefined;
    return best!.is === "highest" ? Math.max(...values) : Math.min(...values);
  });
  const head = columns
    .map(({ head, title }) => {
      const tip = title === undefined ? "" : ` title="${escapeHtml(title)}"`;
      return `<th scope="col"${tip}>${escapeHtml(head)}</th>`;
    })
    .join("");
  const body = rows
    .map(row => {
      const cells = columns.map(({ cell, best: rule }, c) => {
        const text = escapeHtml(cell(row));
        if (c === 0) return `<th scope="row">${text}</th>`;
        return rule !== undefined && rule.of(row) === best[c]
          ? `<td><b>${text}</b></td>`
          : `<td>${text}</td>`;
      });
      return `<tr${isMarked(row) ? ' class="ours"' : ""}>${cells.join("")}</tr>`;
    })
    .join("\n");
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}
