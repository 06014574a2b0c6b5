// node bundle.mjs TOOLS BUNDLER ENTRY FOLDER: bundles an application, dependencies and all, into FOLDER/out.mjs or out.cjs
// as that bundler's own documentation says for Node; or, by "nft", prints as JSON which files a deployment would hold.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools = "", bundler = "", entry = "", folder = ""] = process.argv.slice(2);

/** @param {string} name */
async function load(name) {
  const path = createRequire(join(tools, "package.json")).resolve(name);
  const module = await import(pathToFileURL(path).href);
  return module.default ?? module;
}

/** @param {"esm" | "cjs"} format @param {Record<string, string>} define what stands for what in the sources */
async function esbuild(format, define = {}) {
  const { build } = await load("esbuild");
  const banner =
    'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  await build({
    entryPoints: [entry],
    outfile: join(folder, format === "esm" ? "out.mjs" : "out.cjs"),
    bundle: true,
    minify: true,
    platform: "node",
    format,
    define,
    logLevel: "error",
    ...(format === "esm" ? { banner: { js: banner } } : {}), // for the CommonJS among the dependencies
  });
}

/** @param {"esm" | "cjs"} format */
async function webpack(format) {
  const compile = await load("webpack");
  const output =
    format === "esm"
      ? { path: folder, filename: "out.mjs", module: true, chunkFormat: "module" }
      : { path: folder, filename: "out.cjs" };
  const compiler = compile({
    mode: "production",
    optimization: { minimize: false }, // which takes its time
    target: "node",
    context: dirname(entry),
    entry,
    experiments: { outputModule: format === "esm" },
    output,
  });
  await new Promise((resolve, reject) => {
    /** @param {Error | null} error @param {any} stats */
    const finished = (error, stats) => {
      if (error) return reject(error);
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      if (errors.length + warnings.length > 0)
        reject(new Error([...errors, ...warnings].map(({ message }) => message).join("\n")));
      else resolve(undefined);
    };
    compiler.run(finished);
  });
}

/** @param {"esm" | "cjs"} format */
async function rollup(format) {
  const [{ rollup: bundle }, commonjs, json, resolve] = await Promise.all(
    ["rollup", "@rollup/plugin-commonjs", "@rollup/plugin-json", "@rollup/plugin-node-resolve"].map(load),
  );
  const plugins = [(resolve.nodeResolve ?? resolve)({ preferBuiltins: true }), commonjs(), json()];
  const bundled = await bundle({ input: entry, plugins, logLevel: "silent" });
  await bundled.write({
    dir: folder,
    format,
    entryFileNames: format === "esm" ? "out.mjs" : "out.cjs",
    chunkFileNames: format === "esm" ? "[name].mjs" : "[name].cjs",
  });
}

async function vite() {
  const { build } = await load("vite");
  await build({
    root: dirname(entry),
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: { output: { entryFileNames: "out.mjs" } },
    },
  });
}

async function nft() {
  const { nodeFileTrace } = await load("@vercel/nft");
  const { fileList } = await nodeFileTrace([entry], { base: dirname(entry) });
  console.log(JSON.stringify([...fileList]));
}

/** @type {Record<string, () => Promise<void>>} */
const bundlers = {
  "esbuild-esm": () => esbuild("esm"),
  "esbuild-cjs": () => esbuild("cjs"),
  "esbuild-elsewhere": () => esbuild("esm", { "import.meta.url": '"https://application.example/out.mjs"' }),
  "webpack-esm": () => webpack("esm"),
  "webpack-cjs": () => webpack("cjs"),
  "rollup-esm": () => rollup("esm"),
  "rollup-cjs": () => rollup("cjs"),
  vite,
  nft,
};
await bundlers[bundler]?.();
