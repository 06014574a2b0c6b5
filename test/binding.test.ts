import { expect, it } from "vitest";
import { isMuslIn, platformTarget } from "../lib/binding.js";

const addresses = "7f3c2a000000-7f3c2a026000 r--p 00000000 fe:00 1573                       ";

it("knows the C library by the files in the process's memory", () => {
  for (const file of [
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/libc-2.31.so",
    "/nix/store/0a1b-glibc-2.38-44/lib/libc.so.6",
  ])
    expect(isMuslIn(`${addresses}/usr/bin/node\n${addresses}${file}\n${addresses}[stack]\n`)).toBe(false);
  for (const file of ["/lib/ld-musl-x86_64.so.1", "/usr/lib/libc.so"])
    expect(isMuslIn(`${addresses}/usr/bin/node\n${addresses}${file}\n${addresses}[stack]\n`)).toBe(true);
});

it.runIf(process.platform === "linux")("agrees with the process's own report", () => {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const musl = header.glibcVersionRuntime === undefined ? "musl" : "";
  expect(platformTarget()).toBe(`linux${musl}-${process.arch}`);
});
