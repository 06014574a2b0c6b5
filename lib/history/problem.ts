/** Why a record cannot be used. */
export class Problem {
  /** With its particulars: `outcomes["gpt-4o"].quality must be between 0 and 1, got 1.3`. */
  readonly reason: string;
  /** Without them, so that records can be counted by it: `outcomes.*.quality must be between 0 and 1`. */
  readonly kind: string;

  constructor(reason: string, kind: string = reason) {
    this.reason = reason;
    this.kind = kind;
  }
}

/** Where a record stands. */
export interface Place {
  /** The file or stream. */
  readonly source: string;
  /** The line in it, or the number of the record in a JSON document or an iterable; counted from one. */
  readonly line: number;
}

export function placeInWords({ source, line }: Place): string {
  return `${source}:${line}`;
}
