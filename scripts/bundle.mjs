// npm run bundle: the addon as users get it, in prebuilds/<target>/, where `npm pack` takes it from and lib/binding.ts
// looks for it. It is the release build, stripped: nothing in it is compiled or linked otherwise than what the tests run.
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildNative } from "./setup/addon.mjs";
import { run } from "./setup/command.mjs";
import { thisMachine } from "./setup/machine.mjs";
import { SetupFailed, Steps } from "./setup/steps.mjs";
import { root, runScript, setUp } from "./setup.mjs";

/**
 * What an addon may ask the user's system for: the C library and what every Node brings along or needs itself. The
 * loader of musl is its C library.
 */
const systemLibraries =
  /^(lib(c|m|dl|rt|pthread|gcc_s)\.so(\.\d+)?|ld-(linux|musl)-.*\.so\.\d|libc\.musl-.*\.so\.1|\/usr\/lib\/lib(System\.B|c\+\+\.1)\.dylib|\/usr\/lib\/libc\+\+abi\.dylib)$/;

/**
 * @param {{ toolchain?: string, target?: string, verbose?: boolean }} [options] `toolchain`, a CMake file, is for
 *   another processor, which `target` then names
 * @returns {Promise<string>} the file's path
 */
export async function bundle({ toolchain, target, verbose = false } = {}) {
  if ((toolchain === undefined) !== (target === undefined))
    throw new SetupFailed("--toolchain and --target belong together: what for, and how.");
  await setUp({ verbose });
  const folder = target === undefined ? "build" : join("build", target);
  const steps = new Steps({ logs: join(root, ".cache", "setup"), verbose });
  if (toolchain !== undefined)
    await steps.step(
      `native addon for ${target}`,
      progress =>
        buildNative(
          root,
          {
            folder,
            addon: false, // cmake-js's paths are this machine's
            targets: ["omnirouter"],
            settings: { CMAKE_BUILD_TYPE: "Release", CMAKE_TOOLCHAIN_FILE: resolve(toolchain) },
          },
          thisMachine(),
          progress,
        ),
      done => (done ? "built" : "up to date"),
    );
  const name = target ?? (await thisTarget());
  return steps.step(
    `prebuilds/${name}`,
    async () => {
      const home = join(root, "prebuilds", name);
      const temporary = join(home, `${process.pid}.node`);
      mkdirSync(home, { recursive: true });
      try {
        copyFileSync(join(root, folder, "Release", "omnirouter.node"), temporary);
        const prefix = toolchain === undefined ? "" : await toolPrefix(folder);
        if (process.platform !== "win32")
          await run(`${prefix}strip`, [...(process.platform === "darwin" ? ["-x"] : []), temporary]);
        const foreign = (await librariesOf(temporary, prefix)).filter(
          library => !systemLibraries.test(library),
        );
        if (foreign.length > 0)
          throw new SetupFailed(`The addon needs what users do not have: ${foreign.join(", ")}`);
        if (toolchain === undefined)
          await run(process.execPath, ["-e", "require(process.argv[1])", temporary]);
        renameSync(temporary, join(home, "omnirouter.node"));
      } finally {
        rmSync(temporary, { force: true });
      }
      return join(home, "omnirouter.node");
    },
    path => `${(statSync(path).size / 1e6).toFixed(2)} MB`,
  );
}

async function thisTarget() {
  const { platformTarget } = await import(pathToFileURL(join(root, "dist", "binding.js")).href);
  return /** @type {string} */ (platformTarget());
}

/**
 * What stands before the names of a cross-compiler's tools, such as aarch64-linux-gnu-.
 * @param {string} folder
 */
async function toolPrefix(folder) {
  const cache = await run("cmake", ["-N", "-L", "-A", join(root, folder)], {});
  return /^CMAKE_STRIP:FILEPATH=(.*)strip$/m.exec(cache)?.[1] ?? "";
}

/**
 * The shared libraries that a binary names. Windows has no tool for it but Visual Studio's own, so there it is the smoke
 * test on a bare machine that tells.
 * @param {string} path
 * @param {string} prefix
 */
async function librariesOf(path, prefix) {
  if (process.platform === "win32") return [];
  if (process.platform === "darwin")
    return [...(await run("otool", ["-L", path])).matchAll(/^\t(\S+)/gm)].map(([, name = ""]) => name);
  return [...(await run(`${prefix}readelf`, ["-d", path])).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(
    ([, name = ""]) => name,
  );
}

const help = `npm run bundle [-- --verbose] [-- --toolchain FILE --target NAME]

Builds the addon and puts it into prebuilds/<target>/ for \`npm pack\`, after a look at what it needs from its users' systems.

  --toolchain  a CMake toolchain file for another processor, e.g. cmake/aarch64-linux-gnu.cmake
  --target     what that is to Node, e.g. linux-arm64`;

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href)
  await runScript(async () => {
    const { values } = parseArgs({
      options: {
        toolchain: { type: "string" },
        target: { type: "string" },
        verbose: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) console.log(help);
    else console.log(`\n${relative(process.cwd(), await bundle(values))}`);
  });
