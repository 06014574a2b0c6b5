import { type CST, type Document, isScalar, Lexer, LineCounter, Parser, parseDocument, visit } from "yaml";

/** Models are two levels below the document. Whatever is deeper than this is no pool, and costs the stack to compose. */
const MAX_DEPTH = 32;

/** Of 64 models with all their keys, in the longest way to write them, some 4,000 come. */
const MAX_TOKENS = 20_000;

/** Enough for shared prices written once as an anchor; an alias bomb needs thousands. */
const MAX_ALIASES = 100;

/** A file that is no YAML may have an error on every line. */
const MOST_ERRORS = 21;

/** Why a text is no document of YAML that a pool may be written in. */
export class YamlProblems extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[], cause?: unknown) {
    super(sentences.join("; "), { cause });
    this.sentences = sentences;
  }
}

/**
 * One document of YAML, or of JSON, which is read as the YAML that it is: one parser, and a key written twice is an error in
 * both. The library takes text that is trusted: it recurses, and in places takes time by the square of what it reads. So
 * tokens are counted and nesting is bounded before it composes anything, and keys must be scalars.
 *
 * @throws YamlProblems
 */
export function parseYaml(text: string): unknown {
  refuseShape(text);
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, logLevel: "silent", lineCounter: lines });
  if (document.errors.length > 0)
    throw new YamlProblems(
      document.errors.slice(0, MOST_ERRORS).map(error => `is not valid YAML: ${error.message.trim()}`),
    );
  const keys = oddKeys(document, lines);
  if (keys.length > 0) throw new YamlProblems(keys);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw new YamlProblems([`is not valid YAML: ${(cause as Error).message}`], cause);
  }
}

/** The parser of tokens keeps a stack of its own, where the composer of nodes, which comes after it, recurses. */
function refuseShape(text: string): void {
  let tokens = 0;
  for (const _ of new Lexer().lex(text))
    if (++tokens > MAX_TOKENS)
      throw new YamlProblems([
        `has more than ${MAX_TOKENS} tokens: this cannot be a list of at most 64 models`,
      ]);
  let documents = 0;
  for (const token of new Parser().parse(text)) {
    if (token.type !== "document") continue;
    if (++documents > 1) throw new YamlProblems(["holds more than one YAML document: a pool is one"]);
    if (token.value !== undefined && depthOf(token.value) > MAX_DEPTH)
      throw new YamlProblems([
        `is nested more than ${MAX_DEPTH} levels deep: this cannot be a list of models`,
      ]);
  }
}

/** Levels of collections; no more than one above the limit are counted. */
function depthOf(root: CST.Token): number {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [{ token: root, depth: 1 }];
  let deepest = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (!("items" in token)) continue;
    deepest = Math.max(deepest, depth);
    if (deepest > MAX_DEPTH) break;
    for (const { key, value } of token.items as readonly CST.CollectionItem[])
      for (const child of [key, value]) if (child) open.push({ token: child, depth: depth + 1 });
  }
  return deepest;
}

/** Keys that are collections or aliases, which would be made into text, level by level; and keys that are there twice. */
function oddKeys(document: Document.Parsed, lines: LineCounter): string[] {
  const found: string[] = [];
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `at line ${line}, column ${col}`;
  };
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (key !== null && !isScalar(key))
          found.push(`has a key that is not plain text, ${at((key as { range?: [number] }).range?.[0])}`);
        else if (seen.has(key?.value))
          found.push(`has the key ${JSON.stringify(key?.value)} twice in one map, ${at(key?.range?.[0])}`);
        else seen.add(key?.value);
        if (found.length === MOST_ERRORS) return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}
