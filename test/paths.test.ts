import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { isUrl, pathOf } from "../lib/paths.js";

// As another realm's URL, or a polyfill's, is to this one.
class ForeignUrl {
  readonly #url: URL;
  constructor(href: string) {
    this.#url = new URL(href);
  }
  get href() {
    return this.#url.href;
  }
  get protocol() {
    return this.#url.protocol;
  }
}

describe("pathOf", () => {
  it("takes a path as it is, and the path of a file: URL of any realm", () => {
    expect(pathOf("a b/c", "path")).toBe("a b/c");
    expect(pathOf(new URL("file:///a%20b/c"), "path")).toBe("/a b/c");
    expect(pathOf(new ForeignUrl("file:///a%20b/c"), "path")).toBe("/a b/c");
    const foreign: unknown = vm.runInNewContext('({ href: "file:///a%20b/c", protocol: "file:" })');
    expect(pathOf(foreign, "path")).toBe("/a b/c");
  });

  it.each<[given: unknown, message: string]>([
    ["", 'path must be a path or a URL, got ""'],
    ["a\0b", String.raw`path must be a path or a URL, got "a\u0000b"`],
    [undefined, "path must be a path or a URL, got undefined"],
    [null, "path must be a path or a URL, got null"],
    [{ href: 1 }, "path must be a path or a URL, got { href: 1 }"],
    [new ForeignUrl("https://example.org/a"), 'path must be a file: URL, got "https:"'],
    [new URL("file:///a%2Fb"), 'path must be a file: URL of this machine, got "file:///a%2Fb"'],
  ])("refuses %o by its name", (given, message) => {
    expect(() => pathOf(given, "path")).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "path", message }),
    );
  });
});

it("knows a URL by what it has", () => {
  expect([new URL("file:///a"), new ForeignUrl("https://example.org")].every(isUrl)).toBe(true);
  expect(["file:///a", null, undefined, {}, { href: "a" }, () => {}].some(isUrl)).toBe(false);
});
