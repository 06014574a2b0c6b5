// npm run quickstart: set-up as far as needed, then the main job: `omnirouter quickstart`, to which any argument goes.
import { join } from "node:path";
import { runAttached } from "./setup/command.mjs";
import { root, runScript, setUp } from "./setup.mjs";

await runScript(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--help")) await setUp();
  return await runAttached(process.execPath, [join(root, "dist", "cli", "main.js"), "quickstart", ...args]);
});
