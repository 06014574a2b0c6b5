// The native build. CMake and Ninja know best what is out of date, so they are asked every time (some 20 ms);
// this file only decides whether the build folder has to be configured first.
import { existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "./command.mjs";
import { buildEnvironment } from "./libraries.mjs";

/** @typedef {Readonly<Record<string, string>>} Settings CMake cache entries */

/**
 * @typedef {object} BuildFolder
 * @property {string} folder relative to the checkout
 * @property {Settings} settings
 * @property {boolean} addon whether it has the Node-API addon, which takes cmake-js's paths
 * @property {readonly string[]} [targets] build no more than these
 */

/**
 * The release build that the loader looks for.
 * @param {{ tests: boolean }} options
 * @returns {BuildFolder}
 */
export function releaseBuild({ tests }) {
  return {
    folder: "build",
    addon: true,
    ...(tests ? {} : { targets: ["omnirouter"] }),
    // Native tests once configured stay configured: a later set-up without them must not throw them away.
    settings: {
      CMAKE_BUILD_TYPE: "Release",
      OMNIROUTER_SANITIZE: "",
      ...(tests ? { OMNIROUTER_TESTS: "ON" } : {}),
    },
  };
}

/**
 * Whether the folder is configured for this checkout with these settings. (cmake-js `compile` does not look: it
 * silently ignores new settings for a folder it finds configured.)
 * @param {string} root
 * @param {BuildFolder} build
 */
export function isConfigured(root, { folder, settings }) {
  const cache = readCache(join(root, folder, "CMakeCache.txt"));
  return (
    cache !== undefined &&
    cache.get("CMAKE_HOME_DIRECTORY") === realpathSync(root) &&
    Object.entries(settings).every(([name, value]) => cache.get(name) === value) &&
    ["build.ninja", "Makefile"].some(file => existsSync(join(root, folder, file)))
  );
}

/**
 * @param {string} path
 * @returns {Map<string, string> | undefined}
 */
function readCache(path) {
  if (!existsSync(path)) return undefined;
  const entries = readFileSync(path, "utf8").matchAll(/^([^#/:\n][^:\n]*):[A-Z]+=(.*)$/gm);
  return new Map([...entries].map(([, name = "", value = ""]) => [name, value]));
}

/**
 * Configures the folder if need be and builds it.
 * @param {string} root
 * @param {BuildFolder} build
 * @param {import("./machine.mjs").Machine} machine
 * @param {import("./steps.mjs").Progress} progress
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function buildNative(root, build, machine, progress) {
  const options = { cwd: root, env: buildEnvironment(machine), echo: progress.verbose };
  const folder = join(root, build.folder);
  const configured = isConfigured(root, build);
  if (!configured) {
    progress.update("configuring");
    // Not the whole folder: the sanitizers' builds live inside it.
    rmSync(join(folder, "CMakeCache.txt"), { force: true });
    rmSync(join(folder, "CMakeFiles"), { recursive: true, force: true });
    await (build.addon ? configureWithCmakeJs(root, build, options) : configurePlainly(root, build, options));
  }
  const targets = build.targets === undefined ? [] : ["--target", ...build.targets];
  const output = await run(
    "cmake",
    ["--build", folder, "--parallel", String(availableParallelism()), ...targets],
    {
      ...options,
      onLine: line => /^\[\s*\d+/.test(line) && progress.update(line),
    },
  );
  return !configured || /^\[\s*\d+.*\b(Building|Linking)\b/m.test(output);
}

/**
 * @param {string} root
 * @param {BuildFolder} build
 * @param {Parameters<typeof run>[2]} options
 */
function configureWithCmakeJs(root, { folder, settings }, options) {
  const { CMAKE_BUILD_TYPE: type = "Release", ...rest } = settings;
  const cmakeJs = join(root, "node_modules", "cmake-js", "bin", "cmake-js");
  const set = Object.entries(rest).map(([name, value]) => `--CD${name}=${value}`);
  return run(process.execPath, [cmakeJs, "configure", "-B", type, "-O", join(root, folder), ...set], options);
}

/**
 * @param {string} root
 * @param {BuildFolder} build
 * @param {Parameters<typeof run>[2]} options
 */
function configurePlainly(root, { folder, settings }, options) {
  const set = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  return run("cmake", ["-S", root, "-B", join(root, folder), ...set], options);
}

/**
 * Loads the addon in a process of its own: linking proves less.
 * @param {string} root
 */
export async function checkAddon(root) {
  const addon = join(root, "build", "Release", "omnirouter.node");
  await run(process.execPath, ["-e", "require(process.argv[1])", addon]);
}
