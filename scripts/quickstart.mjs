// npm run quickstart: set-up as far as needed, then the main job: `omnirouter quickstart`, to which any argument goes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runAttached } from "./setup/command.mjs";
import { root, runScript, setUp } from "./setup.mjs";

await runScript(async () => {
  const args = process.argv.slice(2);
  const command = join(root, "dist", "cli", "main.js");
  // The help needs no addon, but the command that prints it.
  const help = args.includes("--help") || args.includes("-h");
  if (!help || !existsSync(command)) await setUp();
  return await runAttached(process.execPath, [command, "quickstart", ...args]);
});
