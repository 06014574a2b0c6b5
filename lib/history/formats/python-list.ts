import { endOfQuoted } from "../quoted.js";

/**
 * `['You are ...', "What's the ..."]`, a list of texts as Python's `repr` writes it, as its texts with an empty line
 * between two. Any other text is returned as it is.
 */
export function textOfPythonList(text: string): string {
  const whole = text.trim();
  if (!whole.startsWith("[") || !whole.endsWith("]")) return text;
  const turns: string[] = [];
  for (let at = 1; ; at += ", ".length) {
    if (whole[at] !== "'" && whole[at] !== '"') return text;
    const end = endOfQuoted(whole, at);
    const turn = unescaped(whole.slice(at + 1, end - 1));
    if (turn === undefined) return text;
    turns.push(turn);
    at = end;
    if (at === whole.length - 1) return turns.join("\n\n");
    if (!whole.startsWith(", ", at)) return text;
  }
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** The escapes that `repr` writes; `undefined` where there is another. */
function unescaped(body: string): string | undefined {
  let isPython = true;
  const turned = body.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs,
    (_, x?: string, u?: string, long?: string, simple?: string) => {
      const hex = x ?? u ?? long;
      const code = hex === undefined ? undefined : Number.parseInt(hex, 16);
      if (code !== undefined && code <= 0x10ffff) return String.fromCodePoint(code);
      const character = SIMPLE[simple ?? ""];
      if (character === undefined) isPython = false;
      return character ?? "";
    },
  );
  return isPython ? turned : undefined;
}
