import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addon, checkout, consumer, manifest, type Packed, pack } from "./packed.js";

let packed: Packed;
let project: string;
beforeAll(() => {
  packed = pack();
  project = consumer(packed);
}, 60_000);
afterAll(() => rmSync(packed.folder, { recursive: true }));

describe("the packed package", () => {
  it("holds what its users need and nothing else", () => {
    const allowed =
      /^(dist\/.*\.(js|d\.ts)|prebuilds\/.*|README\.md|CHANGELOG\.md|LICENSE|THIRD_PARTY_NOTICES\.md|package\.json)$/;
    expect(packed.files.filter(path => !allowed.test(path))).toEqual([]);
    for (const path of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/binding.js",
      "README.md",
      "LICENSE",
      "THIRD_PARTY_NOTICES.md",
    ])
      expect(packed.files).toContain(path);
  });

  it("runs nothing when it is installed: npm 12 blocks install scripts", () => {
    for (const name of ["preinstall", "install", "postinstall"])
      expect(manifest.scripts).not.toHaveProperty(name);
    expect(manifest.gypfile).toBe(false);
    expect(existsSync(join(checkout, "binding.gyp"))).toBe(false); // npm would run node-gyp for it
  });

  it("has declarations that the strictest TypeScript takes", () => {
    writeFileSync(
      join(project, "index.mts"),
      `import * as omnirouter from "@omnirouter/core";
       export const error: omnirouter.OmniRouterError = new omnirouter.OmniRouterError("ERR_OMNI_IO", "disk full");
       export const code: omnirouter.ErrorCode = error.code;
       // @ts-expect-error: codes are a closed set
       export const wrong: omnirouter.ErrorCode = "ERR_OTHER";`,
    );
    const options = {
      module: "NodeNext",
      target: "ES2023",
      types: ["node"],
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    };
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["index.mts"] }),
    );
    const compiler = join(checkout, "node_modules", "typescript", "bin", "tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});

it("works without what is optional in a platform", () => {
  copyFileSync(fileURLToPath(new URL("bare.mjs", import.meta.url)), join(project, "bare.mjs"));
  const { OMNIROUTER_BINDING, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [join(project, "bare.mjs")], {
    env,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const choices = [
    [0, 1],
    [0, 1],
  ];
  expect(JSON.parse(stdout)).toEqual({ status: "optimal", choices, shared: "undefined" });
});

it("is built by programs that the lock file pins", () => {
  const scripts = readdirSync(join(checkout, "scripts"), { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith(".mjs"))
    .map(name => readFileSync(join(checkout, "scripts", name), "utf8"));
  expect(scripts.length).toBeGreaterThan(10);
  for (const script of [...scripts, ...Object.values(manifest.scripts)])
    expect(script).not.toMatch(/\bnpx\b|\bnpm exec\b/);
});

describe("the loader, without an addon that works", () => {
  beforeAll(() =>
    rmSync(join(project, "node_modules", "@omnirouter", "core", "prebuilds"), { recursive: true }),
  );

  function load(env: NodeJS.ProcessEnv): { code: string; message: string } {
    const module = pathToFileURL(
      join(project, "node_modules", "@omnirouter", "core", "dist", "binding.js"),
    ).href;
    const source = `
      import { binding } from ${JSON.stringify(module)};
      try { binding(); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
    return JSON.parse(
      execFileSync(process.execPath, ["--input-type=module", "-e", source], {
        env: { ...process.env, ...env },
        encoding: "utf8",
      }),
    );
  }

  it("lists every path it tried and says what to do", () => {
    const { code, message } = load({ OMNIROUTER_BINDING: "" });
    expect(code).toBe("ERR_OMNI_NO_BINDING");
    expect(message).toContain(`Node ${process.version}`);
    expect(message).toMatch(/build\/Release\/omnirouter\.node: no such file/);
    expect(message).toMatch(/prebuilds\/[\w-]+\/omnirouter\.node: no such file/);
    expect(message).toContain("npm run setup");
  });

  it("says why a file that is no addon does not load", () => {
    const broken = join(project, "broken.node");
    for (const bytes of [Buffer.alloc(4096, "not an addon"), readFileSync(addon).subarray(0, 40)]) {
      writeFileSync(broken, bytes);
      const { code, message } = load({ OMNIROUTER_BINDING: broken });
      expect(code).toBe("ERR_OMNI_NO_BINDING");
      expect(message).toMatch(/broken\.node: .*(invalid ELF|too short|mach-o|slice)/i);
      expect(message).toContain("OMNIROUTER_BINDING");
    }
  });
});
