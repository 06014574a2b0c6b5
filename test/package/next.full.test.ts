import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Packed, pack } from "./packed.js";

let packed: Packed;
let project: string;
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
beforeAll(() => {
  packed = pack();
  project = join(packed.folder, "application");
  cpSync(fileURLToPath(new URL("next", import.meta.url)), project, { recursive: true });
  const options = ["--no-audit", "--no-fund", "--ignore-scripts"];
  execFileSync("npm", ["ci", ...options], { cwd: project, stdio: "ignore" });
  execFileSync("npm", ["install", ...options, packed.tarball], { cwd: project, stdio: "ignore" });
}, 600_000);
afterAll(() => rmSync(packed.folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Fetches until somebody listens. */
async function answer(url: string): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (tries === 100) throw error;
      await setTimeout(200);
    }
  }
}

// Not by webpack into the bundle: Next.js sets it to leave the addon where it was on the machine that built.
it.each([
  { bundled: "", bundler: "turbopack", how: "kept out of the bundle" },
  { bundled: "", bundler: "webpack", how: "kept out of the bundle" },
  { bundled: "1", bundler: "turbopack", how: "in the bundle" },
])(
  "Next.js deploys the addon with the application: $bundler, $how",
  async ({ bundled, bundler }) => {
    const next = join(project, "node_modules", "next", "dist", "bin", "next");
    execFileSync(process.execPath, [next, "build", `--${bundler}`], {
      cwd: project,
      env: { ...env, BUNDLED: bundled, NODE_ENV: "production" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [modules, hidden] = [join(project, "node_modules"), join(project, "hidden")];
    const deployed = join(packed.folder, "deployed");
    renameSync(join(project, ".next", "standalone"), deployed);
    renameSync(modules, hidden); // what is deployed stands alone
    const port = await freePort();
    const server = spawn(process.execPath, ["server.js"], {
      cwd: deployed,
      env: { ...env, PORT: String(port), HOSTNAME: "127.0.0.1", NODE_ENV: "production" },
      stdio: "ignore",
    });
    try {
      expect(await answer(`http://127.0.0.1:${port}/api/plan`)).toEqual({ status: "optimal", choice: [1] });
    } finally {
      server.kill();
      await once(server, "exit");
      renameSync(hidden, modules);
      for (const made of [deployed, join(project, ".next")]) rmSync(made, { recursive: true });
    }
  },
  600_000,
);
