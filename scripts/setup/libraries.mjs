// The compilers, tools and libraries of the system that the native build needs: which are missing, and how to get them.
import { delimiter, join } from "node:path";
import { CommandFailed, commandLine, run } from "./command.mjs";
import { SetupFailed } from "./steps.mjs";

/** @typedef {import("./machine.mjs").Machine} Machine */

/**
 * @typedef {object} Requirement
 * @property {string} name
 * @property {string} why
 * @property {readonly string[]} [commands] one of these must be on PATH
 * @property {readonly string[]} [headers] one of these must be found by the compiler
 * @property {string} [library] must be found by the linker
 * @property {string} apt
 * @property {string} [brew] absent where Homebrew's is of no use
 * @property {string} [source] a variable that may name a source tree instead
 */

/** @type {readonly Requirement[]} */
const forTheAddon = [
  {
    name: "a C++ compiler",
    why: "compiles the addon",
    commands: ["c++", "g++", "clang++"],
    apt: "g++",
    brew: "gcc",
  },
  { name: "CMake", why: "describes the build", commands: ["cmake"], apt: "cmake", brew: "cmake" },
  { name: "Ninja", why: "runs the build", commands: ["ninja", "make"], apt: "ninja-build", brew: "ninja" },
  {
    name: "FAISS",
    why: "finds the nearest neighbours of a query",
    headers: ["faiss/IndexHNSW.h"],
    library: "faiss",
    apt: "libfaiss-dev",
    // Homebrew's is of another version, and so of another interface.
    source: "OMNIROUTER_FAISS_SOURCE",
  },
  {
    name: "Eigen",
    why: "does the linear algebra of the predictor",
    headers: ["eigen3/Eigen/Core", "Eigen/Core"],
    apt: "libeigen3-dev",
    brew: "eigen",
  },
];

/** @type {Requirement} */
const forTheTests = {
  name: "doctest",
  why: "runs the native tests",
  headers: ["doctest/doctest.h"],
  apt: "doctest-dev",
  brew: "doctest",
};

/**
 * Asks PATH, the compiler and the linker, so that it does not matter who installed a thing.
 * @param {Machine} machine
 * @param {{ tests: boolean }} options
 * @returns {readonly Requirement[]}
 */
export function missingRequirements(machine, { tests }) {
  const compiler = [machine.env.CXX, "c++", "g++", "clang++"].find(name => name && machine.has(name));
  const prefixes = searchPrefixes(machine);
  const requirements = tests ? [...forTheAddon, forTheTests] : forTheAddon;
  const headers = foundHeaders(machine, compiler, prefixes, requirements);
  return requirements.filter(
    ({ commands, headers: wanted, library, source }) =>
      (source === undefined || !machine.env[source]) &&
      ((commands !== undefined && !commands.some(machine.has)) ||
        (wanted !== undefined && !wanted.some(header => headers.has(header))) ||
        (library !== undefined && !hasLibrary(machine, compiler, prefixes, library))),
  );
}

/**
 * Where CMake will look besides the system's own folders. Homebrew's are not on the compiler's path.
 * @param {Machine} machine
 * @returns {readonly string[]}
 */
function searchPrefixes(machine) {
  const given = (machine.env.CMAKE_PREFIX_PATH ?? "").split(/[:;]/).filter(Boolean);
  if (machine.platform !== "darwin") return given;
  const brew = machine.ask("brew", ["--prefix"])?.trim();
  return brew ? [...given, brew] : given;
}

/**
 * The environment in which CMake finds what {@link missingRequirements} found.
 * @param {Machine} machine
 * @returns {NodeJS.ProcessEnv}
 */
export function buildEnvironment(machine) {
  const prefixes = searchPrefixes(machine);
  if (machine.platform !== "darwin") return machine.env;
  return { ...machine.env, CMAKE_PREFIX_PATH: prefixes.join(delimiter) };
}

/**
 * One run of the preprocessor answers for all headers.
 * @param {Machine} machine
 * @param {string | undefined} compiler
 * @param {readonly string[]} prefixes
 * @param {readonly Requirement[]} requirements
 */
function foundHeaders(machine, compiler, prefixes, requirements) {
  if (compiler === undefined) return new Set();
  const headers = requirements.flatMap(requirement => requirement.headers ?? []);
  const source = headers.map(header => `#if __has_include(<${header}>)\nfound:${header}\n#endif\n`).join("");
  const include = prefixes.flatMap(prefix => ["-I", join(prefix, "include")]);
  const answer = machine.ask(compiler, [...include, "-E", "-P", "-x", "c++", "-"], source) ?? "";
  return new Set([...answer.matchAll(/^found:(.*)$/gm)].map(match => match[1]));
}

/**
 * @param {Machine} machine
 * @param {string | undefined} compiler
 * @param {readonly string[]} prefixes
 * @param {string} name
 */
function hasLibrary(machine, compiler, prefixes, name) {
  if (compiler === undefined) return false;
  const endings = machine.platform === "darwin" ? ["dylib", "a"] : ["so", "a"];
  return endings.some(ending => {
    const file = `lib${name}.${ending}`;
    // The compiler echoes the bare name of a file it does not find.
    const answer = machine.ask(compiler, [`-print-file-name=${file}`])?.trim();
    return (
      (answer !== undefined && answer !== file && machine.exists(answer)) ||
      prefixes.some(prefix => machine.exists(join(prefix, "lib", file)))
    );
  });
}

/**
 * How to install what is missing here, or the reason why only a person can.
 * @param {Machine} machine
 * @param {readonly Requirement[]} missing
 * @returns {{ refresh?: readonly string[], install: readonly string[] } | { refusal: string }}
 */
export function installationPlan(machine, missing) {
  if (machine.platform === "darwin") {
    if (missing.some(requirement => requirement.name === "FAISS"))
      return {
        refusal: [
          "Homebrew's FAISS is of another version. Please fetch the sources of 1.7.3 and name them, then run this again:",
          "  git clone --depth 1 --branch v1.7.3 https://github.com/facebookresearch/faiss.git",
          '  export OMNIROUTER_FAISS_SOURCE="$PWD/faiss"',
        ].join("\n"),
      };
    const install = ["brew", "install", ...missing.flatMap(({ brew }) => brew ?? [])];
    if (machine.has("brew")) return { install };
    return {
      refusal: `Homebrew is not installed. Get it from https://brew.sh, then run:\n  ${install.join(" ")}`,
    };
  }
  const packages = missing.map(requirement => requirement.apt);
  if (machine.platform !== "linux" || !machine.debianLike || !machine.has("apt-get")) {
    const names = missing.map(requirement => requirement.name).join(", ");
    return {
      refusal: [
        "This system has neither apt-get (Debian, Ubuntu) nor Homebrew, so set-up cannot install them.",
        `Please install ${names} with their C++ headers and CMake package files, then run this again.`,
        `(On Debian and Ubuntu the packages are ${packages.join(" ")}.)`,
        "Where they are outside the system's folders, name those in CMAKE_PREFIX_PATH.",
      ].join("\n"),
    };
  }
  const apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"];
  const install = [...apt, "install", "-y", "--no-install-recommends", ...packages];
  const refresh = [...apt, "update"];
  if (machine.root) return { refresh, install };
  // What a person would type; a fresh system has no package lists yet.
  const typed = (sudo = "") => `${sudo}apt-get update && ${sudo}apt-get install -y ${packages.join(" ")}`;
  if (!machine.has("sudo"))
    return {
      refusal: `Set-up is not running as root and there is no sudo here. As root, run:\n  ${typed()}`,
    };
  if (machine.interactive) return { refresh: ["sudo", ...refresh], install: ["sudo", ...install] };
  // Nobody is there to type a password: ask sudo for a yes or no instead of waiting for ever.
  if (machine.ask("sudo", ["-n", "true"]) === undefined)
    return {
      refusal: `sudo wants a password and this is not an interactive terminal. Please run:\n  ${typed("sudo ")}`,
    };
  return { refresh: ["sudo", "-n", ...refresh], install: ["sudo", "-n", ...install] };
}

/**
 * @param {{ refresh?: readonly string[], install: readonly string[] }} plan
 * @param {import("./steps.mjs").Progress} progress
 */
async function install(plan, progress) {
  /** @param {readonly string[]} words */
  const execute = ([command = "", ...args]) => {
    progress.say(`running: ${commandLine(command, args)}`);
    return run(command, args, { echo: progress.verbose, onLine: progress.update });
  };
  try {
    await execute(plan.install).catch(error => {
      // Most often apt's package lists are absent (a fresh container) or old (404): fetch them, once.
      if (plan.refresh === undefined) throw error;
      progress.say("that failed; trying again with fresh package lists");
      return execute(plan.refresh).then(() => execute(plan.install));
    });
  } catch (error) {
    const [program = "", ...args] = plan.install;
    if (error instanceof CommandFailed)
      error.advice = `Please make this command work, then run set-up again:\n  ${commandLine(program, args)}`;
    throw error;
  }
}

/**
 * Finds what is missing and installs it.
 * @param {Machine} machine
 * @param {{ tests: boolean }} options
 * @param {import("./steps.mjs").Progress} progress
 * @returns {Promise<readonly Requirement[]>} what it had to install
 */
export async function provideLibraries(machine, options, progress) {
  const missing = missingRequirements(machine, options);
  if (missing.length === 0) return missing;
  for (const { name, why } of missing) progress.say(`missing: ${name} (${why})`);
  const plan = installationPlan(machine, missing);
  if ("refusal" in plan) throw new SetupFailed(plan.refusal);
  await install(plan, progress);
  const still = missingRequirements(machine, options);
  if (still.length > 0)
    throw new SetupFailed(
      `Still not found after installation: ${still.map(requirement => requirement.name).join(", ")}`,
    );
  return missing;
}
