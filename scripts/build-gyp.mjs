// npm run build:gyp: the addon by node-gyp (native/binding.gyp), for those without CMake, and a look at whether it loads.
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { runAttached } from "./setup/command.mjs";
import { root, runScript } from "./setup.mjs";

await runScript(async () => {
  // Node's headers lie beside Node in its own archives, and in most packages of it; else node-gyp downloads them.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include", "node", "common.gypi")) ? [`--nodedir=${prefix}`] : [];
  const options = [
    "--directory",
    join(root, "native"),
    "--jobs",
    "max",
    ...headers,
    ...process.argv.slice(2),
  ];
  const gyp = join(root, "node_modules", "node-gyp", "bin", "node-gyp.js");
  const code = await runAttached(process.execPath, [gyp, "rebuild", ...options], { cwd: root });
  if (code !== 0) return code;
  const addon = join(root, "native", "build", "Release", "omnirouter.node");
  const loaded = await runAttached(process.execPath, ["-e", "require(process.argv[1])", addon]);
  if (loaded === 0) console.log(`\nOMNIROUTER_BINDING="$PWD/${relative(process.cwd(), addon)}" uses it`);
  return loaded;
});
