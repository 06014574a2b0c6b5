import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isConfigured, releaseBuild } from "../../scripts/setup/addon.mjs";
import { packagesAreCurrent } from "../../scripts/setup/packages.mjs";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "omnirouter staleness ")));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | object): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

describe("node_modules", () => {
  const a = { version: "1.0.0", integrity: "sha512-a" };
  const foreign = { version: "2.0.0", integrity: "sha512-f", optional: true };
  const install = (packages: object) => {
    write("node_modules/.package-lock.json", { packages });
    write("node_modules/a/package.json", {});
  };
  beforeEach(() =>
    write("package-lock.json", { packages: { "": {}, "node_modules/a": a, "node_modules/f": foreign } }),
  );

  it("is current with another platform's binaries left out", () => {
    install({ "node_modules/a": a });
    expect(packagesAreCurrent(root)).toBe(true);
  });

  it("is not current when absent, older, altered, half deleted or half written", () => {
    expect(packagesAreCurrent(root)).toBe(false);
    install({ "node_modules/a": { ...a, version: "0.9.0" } });
    expect(packagesAreCurrent(root)).toBe(false);
    install({ "node_modules/a": { ...a, integrity: "sha512-b" } });
    expect(packagesAreCurrent(root)).toBe(false);
    install({});
    expect(packagesAreCurrent(root)).toBe(false);
    install({ "node_modules/a": a });
    rmSync(join(root, "node_modules/a"), { recursive: true });
    expect(packagesAreCurrent(root)).toBe(false);
    write("node_modules/.package-lock.json", '{"packages": {');
    expect(packagesAreCurrent(root)).toBe(false);
  });
});

describe("the build folder", () => {
  const cache = (changes: Record<string, string> = {}) => {
    const entries = {
      "CMAKE_BUILD_TYPE:STRING": "Release",
      "CMAKE_HOME_DIRECTORY:INTERNAL": root,
      "OMNIROUTER_SANITIZE:STRING": "",
      "OMNIROUTER_TESTS:BOOL": "ON",
      ...changes,
    };
    // As CMake writes it: a comment and an empty line around each entry.
    const lines = Object.entries(entries).map(
      ([name, value]) => `//What it is: a setting\n${name}=${value}\n\n`,
    );
    write("build/CMakeCache.txt", `# This is the CMakeCache file.\n\n${lines.join("")}`);
  };
  const configured = (tests: boolean) => isConfigured(root, releaseBuild({ tests }));

  it("is configured when its cache says so and the build tool's file is there", () => {
    cache();
    expect(configured(true)).toBe(false); // the configuration failed half way
    write("build/build.ninja", "");
    expect(configured(true)).toBe(true);
    expect(configured(false)).toBe(true); // tests beside the addon do no harm
  });

  it("is not configured for other settings or for a checkout that was moved", () => {
    write("build/build.ninja", "");
    expect(configured(false)).toBe(false);
    cache({ "OMNIROUTER_TESTS:BOOL": "OFF" });
    expect([configured(false), configured(true)]).toEqual([true, false]);
    for (const change of [
      { "OMNIROUTER_SANITIZE:STRING": "address" },
      { "CMAKE_BUILD_TYPE:STRING": "Debug" },
      { "CMAKE_HOME_DIRECTORY:INTERNAL": "/somewhere/else" },
    ]) {
      cache(change);
      expect(configured(false)).toBe(false);
    }
  });
});
