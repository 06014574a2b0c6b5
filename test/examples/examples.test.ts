import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../docs/pages.js";

const folder = mkdtempSync(join(tmpdir(), "omnirouter examples "));
afterAll(() => rmSync(folder, { recursive: true }));

function run(example: string, ...args: string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "examples", example), ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    encoding: "utf8",
  });
  expect({ example, status, stderr: status === 0 ? "" : stderr }).toEqual({ example, status: 0, stderr: "" });
  return { stdout, stderr };
}

describe("the examples", () => {
  it("price and route a batch, and say that it is simulated", () => {
    const { stdout, stderr } = run("batch.mjs");
    const lines = stdout
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
    expect(lines).toHaveLength(500);
    for (const { model, quality, cost } of lines) {
      expect(model).toMatch(/^sim-/);
      expect(quality).toBeLessThanOrEqual(1);
      expect(cost).toBeGreaterThan(0);
    }
    expect(stderr).toMatch(/Simulated workload.*\n500 prompts: \$/);
  });

  it("draw a frontier", () => {
    run("frontier.mjs", join(folder, "frontier.svg"));
    const svg = readFileSync(join(folder, "frontier.svg"), "utf8");
    expect(svg).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain("sim-huge-1");
  });

  it("learn the day's answers and refit", () => {
    expect(run("refit.mjs").stderr).toMatch(/200 new queries.*0 skipped\nrefitted on \d+ graded answers/);
  });

  it("gather requests into batches, and call the upstream for each", async () => {
    const { buildService } = await import(join(root, "examples", "service.mjs"));
    const { startStub } = await import(join(root, "examples", "stub-upstream.mjs"));
    const { simulatedRouter } = await import(join(root, "examples", "workload.mjs"));
    const { router, workload } = await simulatedRouter({ records: 400, queries: 20 });
    const stub = await startStub();
    const app = buildService({ router, minQuality: 0.7, upstream: stub.url });
    try {
      const answers = await Promise.all(
        workload.queries.map(({ query }: { query: string }) =>
          app.inject({ method: "POST", url: "/route", payload: { query } }),
        ),
      );
      for (const answer of answers) {
        expect(answer.statusCode).toBe(200);
        const { model, answer: text } = answer.json();
        expect(router.pool.names).toContain(model);
        expect(text).toContain(`not ${model}`);
      }
      expect(Math.max(...answers.map(answer => answer.json().batch))).toBeGreaterThan(1);
      expect((await app.inject({ method: "POST", url: "/route", payload: {} })).statusCode).toBe(400);
    } finally {
      await app.close();
      await stub.close();
    }
  });
});
