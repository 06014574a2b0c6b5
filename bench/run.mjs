// npm run bench, npm run bench:peers, npm run bench:prediction, npm run bench:worst, npm run bench:soak: builds what is out of date, compiles the benches into .cache/bench beside the
// library they measure, and starts them: as plain JavaScript, like the package itself.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "../scripts/setup/addon.mjs";
import { runAttached } from "../scripts/setup/command.mjs";
import { thisMachine } from "../scripts/setup/machine.mjs";
import { root, runScript, setUp } from "../scripts/setup.mjs";

const progress = { update: () => {}, say: console.log, verbose: false };

await runScript(async () => {
  const [which = "assign", ...args] = process.argv.slice(2);
  await setUp();
  const streamRead = {
    folder: join("build", "stream-read"),
    settings: { CMAKE_BUILD_TYPE: "Release", OMNIROUTER_ADDON: "OFF", OMNIROUTER_BENCH: "ON" },
    addon: false,
    targets: ["stream_read"],
  };
  await buildNative(root, streamRead, thisMachine(), progress);
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const failed = await runAttached(process.execPath, [compiler, "-p", join(root, "bench", "tsconfig.json")]);
  if (failed !== 0) return failed;
  // The library reads its version from the package.json above it.
  copyFileSync(join(root, "package.json"), join(root, ".cache", "bench", "package.json"));
  const program = join(root, ".cache", "bench", "bench", "main.js");
  return runAttached(process.execPath, [program, which, ...args], {
    env: {
      ...process.env,
      OMNIROUTER_BINDING: join(root, "build", "Release", "omnirouter.node"),
      OMNIROUTER_BENCH_SOURCES: join(root, "bench"),
      OMNIROUTER_STREAM_READ: join(root, streamRead.folder, "bench", "native", "stream_read"),
    },
  });
});
