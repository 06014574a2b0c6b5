import { describe, expect, it } from "vitest";
import { installationPlan, missingRequirements } from "../../scripts/setup/libraries.mjs";
import { machine } from "./machines.js";

const tools = ["c++", "cmake", "ninja"];
const headers = ["faiss/IndexHNSW.h", "eigen3/Eigen/Core"];
const libraries = ["faiss"];
const names = (requirements: readonly { name: string }[]) => requirements.map(({ name }) => name);

describe("what is missing", () => {
  it("is nothing where everything is there, and doctest only when the tests are wanted", () => {
    const complete = machine(tools, { headers, libraries });
    expect(missingRequirements(complete, { tests: false })).toEqual([]);
    expect(names(missingRequirements(complete, { tests: true }))).toEqual(["doctest"]);
  });

  it("is all of it on a bare machine", () => {
    expect(names(missingRequirements(machine([]), { tests: true }))).toEqual([
      "a C++ compiler",
      "CMake",
      "Ninja",
      "FAISS",
      "Eigen",
      "doctest",
    ]);
  });

  it("is FAISS where only its headers or only its library is there", () => {
    const noLibrary = machine(tools, { headers, libraries: [] });
    const noHeaders = machine(tools, { headers: headers.slice(1), libraries });
    for (const half of [noLibrary, noHeaders])
      expect(names(missingRequirements(half, { tests: false }))).toEqual(["FAISS"]);
  });

  it("is not FAISS where its sources are named", () => {
    const env = { OMNIROUTER_FAISS_SOURCE: "/opt/faiss-1.7.3" };
    const sources = machine(tools, { headers: ["Eigen/Core"], libraries: [], env });
    expect(missingRequirements(sources, { tests: false })).toEqual([]);
  });

  it("takes make for Ninja, and what CMAKE_PREFIX_PATH names", () => {
    const elsewhere = machine(["c++", "cmake", "make"], {
      headers,
      libraries: [],
      env: { CMAKE_PREFIX_PATH: "/opt/none:/opt/faiss" },
      exists: path => path === "/opt/faiss/lib/libfaiss.a",
    });
    expect(missingRequirements(elsewhere, { tests: false })).toEqual([]);
  });
});

describe("how it is installed", () => {
  const missing = missingRequirements(machine(tools), { tests: false });
  const packages = ["libfaiss-dev", "libeigen3-dev"];
  const plan = (has: readonly string[], changes = {}) => installationPlan(machine(has, changes), missing);

  it("by apt-get, without sudo, as root", () => {
    const { install, refresh } = plan(["apt-get"]) as { install: string[]; refresh: string[] };
    expect(install).not.toContain("sudo");
    expect(install.slice(-2)).toEqual(packages);
    expect(refresh.at(-1)).toBe("update");
  });

  it("by sudo -n where nobody can type a password, and only if that works", () => {
    const user = { root: false };
    const allowed = plan(["apt-get", "sudo"], { ...user, ask: () => "" }) as { install: string[] };
    expect(allowed.install.slice(0, 2)).toEqual(["sudo", "-n"]);
    expect(plan(["apt-get", "sudo"], { ...user, ask: () => undefined })).toEqual({
      refusal: expect.stringContaining(
        `  sudo apt-get update && sudo apt-get install -y ${packages.join(" ")}`,
      ),
    });
  });

  it("by a sudo that may ask on a terminal", () => {
    const { install } = plan(["apt-get", "sudo"], { root: false, interactive: true }) as {
      install: string[];
    };
    expect(install.slice(0, 2)).toEqual(["sudo", "env"]);
  });

  it("not at all without root or sudo: the exact command is told", () => {
    expect(plan(["apt-get"], { root: false })).toEqual({
      refusal: expect.stringContaining(`  apt-get update && apt-get install -y ${packages.join(" ")}`),
    });
  });

  it("by brew on macOS, which is told how to be had where it is not", () => {
    const mac = { platform: "darwin", debianLike: false, root: false } as const;
    const env = { OMNIROUTER_FAISS_SOURCE: "/opt/faiss-1.7.3" };
    const withSources = missingRequirements(machine(tools, { env }), { tests: false });
    expect(installationPlan(machine(["brew"], mac), withSources)).toEqual({
      install: ["brew", "install", "eigen"],
    });
    expect(installationPlan(machine([], mac), withSources)).toEqual({
      refusal: expect.stringMatching(/https:\/\/brew\.sh.*\n.*brew install eigen/),
    });
  });

  it("on macOS but for FAISS, whose sources are asked for", () => {
    expect(plan(["brew"], { platform: "darwin", debianLike: false, root: false })).toEqual({
      refusal: expect.stringMatching(/v1\.7\.3 .*\n.*OMNIROUTER_FAISS_SOURCE/),
    });
  });

  it("not on other systems, which are told what to look for", () => {
    const { refusal } = plan(["dnf"], { debianLike: false }) as { refusal: string };
    for (const name of ["FAISS", "Eigen", "CMAKE_PREFIX_PATH"]) expect(refusal).toContain(name);
  });
});
