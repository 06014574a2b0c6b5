import { afterEach, expect, it, vi } from "vitest";
import { platformTarget } from "../lib/binding.js";

const processReport = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
afterEach(() => {
  vi.restoreAllMocks();
});

it.runIf(process.platform === "linux")(
  "tells the platform without asking for the names of open sockets",
  () => {
    const before = processReport.excludeNetwork;
    const excluded: boolean[] = [];
    const report = { header: {} as { glibcVersionRuntime?: string } };
    const spy = vi.spyOn(process.report, "getReport").mockImplementation(() => {
      excluded.push(processReport.excludeNetwork);
      return report;
    });
    expect(platformTarget()).toBe(`linuxmusl-${process.arch}`);
    report.header.glibcVersionRuntime = "2.36";
    expect(platformTarget()).toBe(`linux-${process.arch}`);
    spy.mockImplementation(() => {
      throw new Error("no report");
    });
    expect(platformTarget).toThrow("no report");
    expect(excluded).toEqual([true, true]);
    expect(processReport.excludeNetwork).toBe(before);
  },
);
