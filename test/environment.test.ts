import { describe, expect, it } from "vitest";
import { checkEnvironment, isSet } from "../lib/environment.js";

describe("the environment", () => {
  it("may name a number of threads, and nothing that only looks like one", () => {
    for (const threads of [undefined, "", "1", "1024"])
      checkEnvironment(threads === undefined ? {} : { OMNIROUTER_THREADS: threads });
    for (const threads of ["0", "-1", "x", "4 ", "4x", "1e3", "2.5", "1025", "99999999999999999999"])
      expect(() => checkEnvironment({ OMNIROUTER_THREADS: threads })).toThrow(
        expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "OMNIROUTER_THREADS" }),
      );
  });

  it("says yes by 1 and no by 0, and nothing by other words", () => {
    for (const [value, said] of [
      ["1", true],
      ["TRUE", true],
      ["0", false],
      ["false", false],
      ["", false],
    ] as const)
      expect(isSet({ OMNIROUTER_DEBUG: value }, "OMNIROUTER_DEBUG")).toBe(said);
    expect(() => isSet({ OMNIROUTER_DEBUG: "maybe" }, "OMNIROUTER_DEBUG")).toThrow(/must be 1 or 0/);
  });
});
