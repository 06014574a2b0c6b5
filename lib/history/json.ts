import { endOfQuoted } from "./quoted.js";

/**
 * JSON, and what Python's `json.dump` writes where JSON has no word: NaN, which stands for a missing number there, is
 * read as null; an infinity is read as one, for whoever checks the number to refuse.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    try {
      return JSON.parse(pythonWordsReplaced(text));
    } catch {
      throw error;
    }
  }
}

function pythonWordsReplaced(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('"', at);
    const between = text.slice(at, open === -1 ? text.length : open);
    parts.push(between.replace(/\bNaN\b/g, "null").replace(/\bInfinity\b/g, "1e999"));
    if (open === -1) break;
    at = endOfQuoted(text, open);
    parts.push(text.slice(open, at));
  }
  return parts.join("");
}
