import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AssignmentBinding } from "./assignment/binding.js";
import { checkEnvironment } from "./environment.js";
import { OmniRouterError } from "./errors.js";
import type { PredictionBinding } from "./prediction/binding.js";
import type { RetrievalBinding } from "./retrieval/binding.js";

/** What the addon exports. Each subject declares its own part beside its TypeScript. */
export interface Binding extends ComputeBinding, AssignmentBinding, RetrievalBinding, PredictionBinding {}

interface ComputeBinding {
  threads(): number;
  setThreads(count: number): void;
}

/** The package's root, seen from lib/ in the tests and from dist/ in the package. */
const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder name of this platform's prebuilt binary, e.g. `linux-x64`, `linuxmusl-arm64`, `darwin-arm64`. */
export function platformTarget(): string {
  return `${process.platform}${isMusl() ? "musl" : ""}-${process.arch}`;
}

function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const processReport: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report; // typed from Node 22 on
  const { excludeNetwork = false } = processReport;
  processReport.excludeNetwork = true; // else the report asks DNS for the name behind every open socket, and waits
  try {
    const report = processReport.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
    return report.header.glibcVersionRuntime === undefined;
  } finally {
    processReport.excludeNetwork = excludeNetwork;
  }
}

/** Lazily: to tell the platform takes milliseconds, and a checkout's own build does not need it. */
function* candidates(): Iterable<string> {
  const named = process.env.OMNIROUTER_BINDING;
  if (named !== undefined && named !== "") return yield named; // and no other in its place
  yield join(root, "build", "Release", "omnirouter.node");
  yield join(root, "prebuilds", platformTarget(), "omnirouter.node");
}

function load(): Binding {
  checkEnvironment();
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of candidates()) {
    if (!existsSync(path)) {
      tried.push(`${path}: no such file`);
      continue;
    }
    try {
      return require(path) as Binding;
    } catch (error) {
      tried.push(`${path}: ${(error as Error).message}`);
    }
  }
  throw new OmniRouterError(
    "ERR_OMNI_NO_BINDING",
    [
      `@omnirouter/core has no working native addon for ${platformTarget()} (Node ${process.version}). Tried:`,
      ...tried.map(line => `  ${line}`),
      "In a checkout, build it with: npm run setup",
      "In an installed package, reinstall it for this platform, or name an addon in OMNIROUTER_BINDING.",
    ].join("\n"),
  );
}

let loaded: Binding | undefined;

/** The native addon, loaded on first use so that importing the package never fails. */
export function binding(): Binding {
  loaded ??= load();
  return loaded;
}
