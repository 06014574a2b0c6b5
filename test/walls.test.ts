import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/**
 * What may import what, in both languages. The tables say what is allowed; everything else is a mistake, until somebody
 * changes the table and says why. CONTRIBUTING.md draws the same map for people.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** From each node to those that it imports. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Which folders of lib/ each may import, types included. `.` stands for the loose files in lib/: errors, paths, checks of
 * arguments. Two of these are none of that and have names of their own: `index.ts` exports what is public, and
 * `binding.ts` loads the addon. The `binding.ts` of a folder, which types its part of the addon, counts as the loader's.
 */
const LIB: Readonly<Record<string, readonly string[]>> = {
  ".": [],
  assignment: [".", "binding.ts"],
  "binding.ts": [".", "retrieval"],
  cli: [
    ".",
    "assignment",
    "evaluation",
    "evaluation/methods",
    "evaluation/report",
    "floors",
    "history",
    "history/formats",
    "pool",
    "router",
    "router/store",
    "simulation",
  ],
  evaluation: [
    ".",
    "evaluation/methods",
    "evaluation/metrics",
    "history",
    "pool",
    "prediction",
    "retrieval",
    "router",
  ],
  "evaluation/methods": [".", "assignment", "evaluation", "evaluation/metrics", "retrieval", "router"],
  "evaluation/metrics": ["evaluation", "evaluation/methods"],
  "evaluation/report": [".", "evaluation", "evaluation/metrics"],
  floors: [".", "assignment", "history", "prediction", "retrieval"],
  history: [".", "history/formats", "pool"],
  "history/formats": [".", "history"],
  "index.ts": [
    ".",
    "assignment",
    "binding.ts",
    "floors",
    "history",
    "history/formats",
    "pool",
    "prediction",
    "retrieval",
    "router",
    "simulation",
  ],
  pool: [".", "assignment"],
  prediction: [".", "binding.ts", "history"],
  retrieval: [".", "binding.ts"],
  router: [
    ".",
    "assignment",
    "floors",
    "history",
    "history/formats",
    "pool",
    "prediction",
    "retrieval",
    "router/store",
  ],
  "router/store": ["."],
  simulation: [".", "history", "pool"],
};

/** Cycles between folders of lib/ that are known. A new member of one is a new cycle. */
const LIB_FOLDER_CYCLES: readonly (readonly string[])[] = [
  // Types alone: the addon's search gives the results that every index gives, which are declared with their interface.
  ["binding.ts", "retrieval"],
  // Methods and metrics are given splits and outcomes, whose types lie beside the run that calls them.
  ["evaluation", "evaluation/methods", "evaluation/metrics"],
  // The reader asks each format for records, and the formats use its kinds of problem and of odd keys.
  ["history", "history/formats"],
];

/** Cycles between files of lib/ that are known. */
const LIB_FILE_CYCLES: readonly (readonly string[])[] = [
  // A predictor's neighbours may come from an interface of the retrieval that is declared with its caller.
  ["prediction/neighbour-predictor.ts", "prediction/predictor.ts"],
  // What a router is made of is declared beside the format it is saved in.
  ["router/follow.ts", "router/saved.ts"],
];

/** Packages, and modules of Node's that reach beyond the process, with the folders of lib/ that may import them. */
const LIB_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@huggingface/transformers": ["prediction"],
  "@observablehq/plot": ["evaluation/report"],
  "cli-progress": ["cli"],
  "cli-table3": ["cli", "evaluation/report"],
  commander: ["cli"],
  "csv-parse": ["history"],
  "fastest-levenshtein": [".", "history"],
  "p-retry": ["prediction"],
  "proper-lockfile": ["router/store"],
  yaml: ["pool"],
  zod: ["assignment", "history", "pool", "router", "router/store"],
  "node:child_process": [],
  "node:http": [],
  "node:http2": [],
  "node:https": [],
  "node:net": [],
};

/** Which folders of native/ each may include. `.` is errors.h, which all throw. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  ".": [],
  assignment: [".", "assignment/kernels", "compute"],
  "assignment/kernels": ["compute"],
  bindings: [".", "assignment", "compute", "prediction", "retrieval"],
  compute: ["."],
  prediction: [".", "compute"],
  retrieval: [".", "compute"],
  "retrieval/faiss": [],
};

/** Cycles between modules of native/, a header and its source being one module, that are known. */
const NATIVE_MODULE_CYCLES: readonly (readonly string[])[] = [
  // The stages of the search for prices return what the header of the whole search declares.
  [
    "assignment/cooling",
    "assignment/price_climb",
    "assignment/price_search",
    "assignment/sampled_prices",
    "assignment/single_price",
    "assignment/tied_search",
  ],
  // A true recursion: a plan by counts solves a smaller problem for the limits that it leaves out.
  [
    "assignment/allowance",
    "assignment/attempt",
    "assignment/count_plan",
    "assignment/deal_rows",
    "assignment/left_out",
    "assignment/reach",
  ],
  // A set of rows caches the layout that the kernel of pairs reads.
  ["assignment/pair_columns", "assignment/row_set"],
];

const lib = readLib();
const native = readNative();

describe("lib", () => {
  const folders = grouped(lib.files, libFolder);

  it("imports from no folder that is not on the folder's list", () => {
    expect(arrowsOutside(lib.files, libFolder, LIB)).toEqual([]);
  });

  it("imports from every folder that is on the folder's list", () => {
    expect(unused(folders, LIB)).toEqual([]);
  });

  it("has no cycle between folders but the known ones", () => {
    expect(unknownCycles(folders, LIB_FOLDER_CYCLES)).toEqual([]);
  });

  it("has no cycle between files but the known ones", () => {
    expect(unknownCycles(lib.files, LIB_FILE_CYCLES)).toEqual([]);
  });

  it("takes packages, and the network, only where they belong", () => {
    const found = lib.packages.filter(({ file, name }) => {
      const allowed = LIB_PACKAGES[name];
      return name.startsWith("node:") && allowed === undefined ? false : !allowed?.includes(libFolder(file));
    });
    expect(found.map(({ file, name }) => `${file} -> ${name}`)).toEqual([]);
  });
});

describe("native", () => {
  const modules = grouped(native.files, file => file.replace(/\.\w+$/, ""));

  it("includes from no folder that is not on the folder's list", () => {
    expect(arrowsOutside(native.files, folderOf, NATIVE)).toEqual([]);
  });

  it("includes from every folder that is on the folder's list", () => {
    expect(unused(grouped(native.files, folderOf), NATIVE)).toEqual([]);
  });

  it("includes Node-API in bindings/ alone", () => {
    const found = native.system.filter(
      ({ file, header }) =>
        /^(napi|node_api|js_native_api|node|v8|uv)\b/.test(header) && folderOf(file) !== "bindings",
    );
    expect(found.map(({ file, header }) => `${file} -> ${header}`)).toEqual([]);
  });

  it("has no cycle between modules but the known ones", () => {
    expect(unknownCycles(modules, NATIVE_MODULE_CYCLES)).toEqual([]);
  });

  it("has no cycle between files", () => {
    expect(unknownCycles(native.files, [])).toEqual([]);
  });
});

describe("what reads the imports", () => {
  it("sees every form of an import, and every file", () => {
    expect(importsOf('import type { A } from "./a.js"; export * from "./b.js"; import "./c.js";')).toEqual([
      "./a.js",
      "./b.js",
      "./c.js",
    ]);
    expect(importsOf('const a = await import("./a.js"); type B = import("./b.js").B;')).toEqual([
      "./a.js",
      "./b.js",
    ]);
    expect(importsOf('// import "./a.js";\nconst text = `import("./b.js")`;')).toEqual([]);
    expect(includesOf('#include "a/b.h"\n  #  include <c/d.h>\n// #include "e.h"\n')).toEqual([
      { path: "a/b.h", quoted: true },
      { path: "c/d.h", quoted: false },
    ]);
    expect(lib.files.size).toBeGreaterThan(150);
    expect(native.files.size).toBeGreaterThan(150);
    expect(lib.packages).toContainEqual({ file: "cli/program.ts", name: "commander" });
    expect(native.system).toContainEqual({ file: "bindings/napi_setup.h", header: "napi.h" });
  });

  it("finds cycles, and knows a part of a known one", () => {
    const graph = new Map([
      ["a", new Set(["b"])],
      ["b", new Set(["c"])],
      ["c", new Set(["b", "d"])],
      ["d", new Set<string>()],
    ]);
    expect(unknownCycles(graph, [])).toEqual(["b, c"]);
    expect(unknownCycles(graph, [["b", "c", "d"]])).toEqual([]);
    expect(unknownCycles(graph, [["a", "b"]])).toEqual(["b, c"]);
  });
});

function readLib() {
  const root = join(ROOT, "lib");
  const files = new Map<string, Set<string>>();
  const packages: { file: string; name: string }[] = [];
  for (const file of sources(root, [".ts"])) {
    const targets = new Set<string>();
    files.set(file, targets);
    for (const name of importsOf(readFileSync(join(root, file), "utf8"))) {
      if (name.startsWith("."))
        targets.add(within(root, resolve(root, dirname(file), name)).replace(/\.js$/, ".ts"));
      else packages.push({ file, name: packageOf(name) });
    }
  }
  return { files, packages };
}

function readNative() {
  const root = join(ROOT, "native");
  const names = new Set(sources(root, [".cc", ".h", ".inl"]));
  const files = new Map<string, Set<string>>();
  const system: { file: string; header: string }[] = [];
  for (const file of names) {
    const targets = new Set<string>();
    files.set(file, targets);
    for (const { path, quoted } of includesOf(readFileSync(join(root, file), "utf8"))) {
      // Ours are named from native/ on; a few name a file beside them.
      const own = [path, within(root, resolve(root, dirname(file), path))].find(each => names.has(each));
      if (own !== undefined) targets.add(own);
      else if (quoted) throw new Error(`${file} includes "${path}", which is not in native/`);
      else system.push({ file, header: path });
    }
  }
  return { files, system };
}

/** Paths below a folder, with slashes, in order. */
function sources(root: string, extensions: readonly string[]): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .map(path => path.split(sep).join("/"))
    .filter(path => extensions.some(extension => path.endsWith(extension)) && !path.startsWith("build/"))
    .sort();
}

function within(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}

/** Of TypeScript: of values and of types, also by `import()`. */
function importsOf(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
            ? node.arguments[0]
            : undefined;
    if (name !== undefined && ts.isStringLiteralLike(name)) found.push(name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest));
  return found;
}

function includesOf(text: string): { path: string; quoted: boolean }[] {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm)].map(match => ({
    path: match[2]!,
    quoted: match[1] === '"',
  }));
}

function packageOf(name: string): string {
  const parts = name.split("/");
  return name.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}

function folderOf(file: string): string {
  return dirname(file);
}

function libFolder(file: string): string {
  if (file === "index.ts") return file;
  return file.endsWith("binding.ts") ? "binding.ts" : dirname(file);
}

/** Imports that the table does not allow, as `importer -> imported`; folders that it does not know allow nothing. */
function arrowsOutside(
  files: Graph,
  folder: (file: string) => string,
  allowed: Readonly<Record<string, readonly string[]>>,
): string[] {
  return [...files].flatMap(([file, targets]) =>
    [...targets]
      .filter(target => folder(target) !== folder(file) && !allowed[folder(file)]?.includes(folder(target)))
      .map(target => `${file} -> ${target}`),
  );
}

/** What a table allows and no file does: walls with a hole. */
function unused(folders: Graph, allowed: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(allowed).flatMap(([from, targets]) =>
    targets.filter(to => !folders.get(from)?.has(to)).map(to => `${from} -> ${to}`),
  );
}

/** The graph of groups of files, without arrows within a group. */
function grouped(files: Graph, group: (file: string) => string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [file, targets] of files) {
    const from = group(file);
    if (!graph.has(from)) graph.set(from, new Set());
    for (const target of targets) if (group(target) !== from) graph.get(from)!.add(group(target));
  }
  return graph;
}

/** The cycles of a graph that are no part of a known one: each as the nodes that reach each other, in order. */
function unknownCycles(graph: Graph, known: readonly (readonly string[])[]): string[] {
  return cyclesOf(graph)
    .filter(cycle => !known.some(each => cycle.every(node => each.includes(node))))
    .map(cycle => cycle.join(", "));
}

/** The strongly connected components of more than one node (Tarjan, 1972). */
function cyclesOf(graph: Graph): string[][] {
  const number = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): void => {
    number.set(node, number.size);
    low.set(node, number.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!number.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node)!, low.get(next)!));
      } else if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, number.get(next)!));
    }
    if (low.get(node) !== number.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) cycles.push(component.sort());
  };
  for (const node of graph.keys()) if (!number.has(node)) visit(node);
  return cycles;
}
