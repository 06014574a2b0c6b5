import { existsSync, readFileSync } from "node:fs";
import nodeModule from "node:module";
import { dirname, join, resolve } from "node:path";
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

/** The folder name of this platform's prebuilt binary, e.g. `linux-x64`, `linuxmusl-arm64`, `darwin-arm64`. */
export function platformTarget(): string {
  return `${process.platform}${isMusl() ? "musl" : ""}-${process.arch}`;
}

function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  try {
    return isMuslIn(readFileSync("/proc/self/maps", "latin1"));
  } catch {
    return false; // nothing to tell by
  }
}

/**
 * Whether a process with these files in its memory runs on musl: it has no glibc. (`process.report` would tell too, but
 * a Node may be built without it.)
 */
export function isMuslIn(maps: string): boolean {
  return !/\/libc(\.so\.6|-2\.\d+\.so)$/m.test(maps);
}

/** Lazily: to tell the platform takes time, and a checkout's own build does not need it. */
function* candidates(): Iterable<string> {
  const named = process.env.OMNIROUTER_BINDING;
  if (named !== undefined && named !== "") return yield named; // and no other in its place
  // A CommonJS bundle has no import.meta.url, and that of other bundles may name no file.
  const here: string | undefined = import.meta.url;
  if (here === undefined || !here.startsWith("file:")) return;
  // Of a checkout, seen from lib/ in the tests and from dist/.
  yield join(dirname(dirname(fileURLToPath(here))), "build", "Release", "omnirouter.node");
  // Bundlers and tracers of files follow this expression: the addon is copied beside what they make.
  const beside = new URL(`../prebuilds/${platformTarget()}/omnirouter.node`, import.meta.url);
  if (beside.protocol === "file:") yield fileURLToPath(beside); // webpack's may be of another host
}

function load(): Binding {
  checkEnvironment();
  const tried: string[] = [];
  for (const candidate of candidates()) {
    const path = resolve(candidate);
    if (!existsSync(path)) {
      tried.push(`${path}: no such file`);
      continue;
    }
    try {
      // As a property: webpack takes a createRequire that is imported by its name for its own to resolve.
      return nodeModule.createRequire(path)(path) as Binding;
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
      "In a bundle, keep the package out of it, or name the addon in OMNIROUTER_BINDING (docs/deploying.md).",
    ].join("\n"),
  );
}

let loaded: Binding | undefined;

/** The native addon, loaded on first use so that importing the package never fails. */
export function binding(): Binding {
  loaded ??= load();
  return loaded;
}
