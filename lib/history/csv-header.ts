/** What parts the fields of a CSV: RFC 4180's comma, and what spreadsheets of other languages write. */
export type Delimiter = "," | ";" | "\t";

const DELIMITERS: readonly Delimiter[] = [",", ";", "\t"];

export interface CsvHeader {
  readonly delimiter: Delimiter;
  readonly columns: readonly string[];
}

/** The columns that the first line of a file names, by the delimiter that parts it into the most; none of a line of JSON. */
export function csvHeader(line: string): CsvHeader | undefined {
  if (/^[[{]/.test(line)) return undefined;
  const headers = DELIMITERS.map(delimiter => ({ delimiter, columns: fieldsOf(line, delimiter) }));
  const best = headers.reduce((a, b) => (b.columns.length > a.columns.length ? b : a));
  return best.columns.length < 2 ? undefined : best;
}

/** Of a line by itself, whose quotes stand around whole fields. */
function fieldsOf(line: string, delimiter: Delimiter): string[] {
  const fields: string[] = [];
  let [start, isQuoted] = [0, false];
  const take = (end: number) => {
    const field = line.slice(start, end).trim();
    fields.push(/^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field);
    start = end + 1;
  };
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') isQuoted = !isQuoted;
    else if (line[at] === delimiter && !isQuoted) take(at);
  }
  take(line.length);
  return fields;
}
