import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkout } from "./packed.js";

/** Licences that ask for no more than their notice to be kept. */
const permissive = new Set([
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
]);

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}
const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8")) as {
  packages: Record<string, Locked>;
};
/** Everything that npm installs for a user of the package, as it lies in node_modules here. */
const runtime = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && !dev);

/** SPDX expressions are of one licence here, or of a choice between several, of which one must do. */
const allowed = (licence: string) =>
  licence
    .replace(/^\(|\)$/g, "")
    .split(" OR ")
    .some(name => permissive.has(name));

describe("what a user's npm installs with the package", () => {
  it("is there at all", () => expect(runtime.length).toBeGreaterThan(5));

  it.each(runtime)("%s has a permissive licence, in its own words, and runs nothing", (path, locked) => {
    const { license } = JSON.parse(readFileSync(join(checkout, path, "package.json"), "utf8"));
    expect(typeof license).toBe("string");
    expect(allowed(license), `${path} is under ${license}`).toBe(true);
    expect(locked.hasInstallScript ?? false).toBe(false);
  });

  it.each(["GPL-3.0-only", "SEE LICENSE IN LICENSE", "UNLICENSED", "MIT AND GPL-2.0-only", ""])(
    "would not be let through as %j",
    licence => expect(allowed(licence)).toBe(false),
  );
});

it("the notices name what is compiled into the binaries", () => {
  const notices = readFileSync(join(checkout, "THIRD_PARTY_NOTICES.md"), "utf8");
  for (const name of ["FAISS", "Eigen", "node-addon-api", "libstdc++", "Unicode"])
    expect(notices).toContain(name);
});
