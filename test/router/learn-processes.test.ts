import { spawn } from "node:child_process";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Router } from "../../lib/router/router.js";
import { inspectParts } from "../../lib/router/saved.js";
import { compileLibrary } from "./store/compiled.js";
import { heard } from "./store/heard.js";
import { workload } from "./workload.js";

let library: Awaited<ReturnType<typeof compileLibrary>>;
let folder: string;
beforeAll(async () => {
  library = await compileLibrary();
}, 60_000);
afterAll(() => library?.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-learner-"));
  const router = await Router.fit(workload.history.slice(0, 100), workload.pool);
  await router.save(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function learner(name: string, ...more: string[]) {
  const script = fileURLToPath(new URL("learner.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, library.directory, folder, name, ...more], {
    stdio: ["ignore", "pipe", "pipe"],
    // The compiled library lies where it finds none.
    env: {
      OMNIROUTER_BINDING: fileURLToPath(new URL("../../build/Release/omnirouter.node", import.meta.url)),
      ...process.env,
    },
  });
  const listened = heard(child);
  return {
    ...listened,
    /** Only lines that have come whole. */
    acknowledged: () => [...listened.output().matchAll(/learned (.*)\n/g)].map(match => match[1]!),
  };
}

async function idsInFolder(): Promise<readonly string[]> {
  const { history } = await inspectParts(folder, AbortSignal.timeout(60_000));
  return history.ids.slice(0, history.size);
}

it("nothing that was acknowledged is lost to a kill at any moment", async () => {
  const acknowledged: string[] = [];
  let random = 20502576;
  for (let round = 0; round < 6; round++) {
    const { child, ended, says, ...saw } = learner(`${round}`);
    await says("learned");
    random = (random * 48271) % 2147483647;
    await sleep((random / 2147483647) * 400);
    child.kill("SIGKILL");
    await ended;
    acknowledged.push(...saw.acknowledged());
    const found = await idsInFolder();
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    // At most the one that was under way is there without having been acknowledged.
    const unacknowledged = found.slice(100).filter(id => !acknowledged.includes(id));
    expect(unacknowledged.length).toBeLessThanOrEqual(1);
    acknowledged.push(...unacknowledged);
    expect(new Set(found).size).toBe(found.length);
    // What ten seconds would do: the lock of the dead expires.
    await utimes(join(folder, "lock"), new Date(0), new Date(0)).catch(() => {});
  }
  expect(acknowledged.length).toBeGreaterThan(20);
  const loaded = await Router.load(folder);
  expect(loaded.report.records).toBe(100 + acknowledged.length);
  // Levels that moved step by step in six processes are those on the disk, for whoever loads it.
  const texts = workload.queries.map(({ query }) => query);
  expect(await (await Router.load(folder)).predict(texts)).toEqual(await loaded.predict(texts));
  await loaded.save(folder);
  expect(await (await Router.load(folder)).predict(texts)).toEqual(await loaded.predict(texts));
  await loaded.learn([{ query: "and on", outcomes: { [loaded.pool.names[0]!]: { quality: 1 } } }]);
});

it("two processes learn in one folder, and each takes in what the other learned", async () => {
  const onlooker = await Router.load(folder);
  const learners = [learner("a", "50"), learner("b", "50")];
  await Promise.all(learners.map(({ ended }) => ended));
  expect(learners.map(({ errors }) => errors())).toEqual(["", ""]);
  const found = await idsInFolder();
  expect(found.length).toBe(200);
  expect(found).toEqual(expect.arrayContaining(learners.flatMap(({ acknowledged }) => acknowledged())));
  await onlooker.refresh();
  const texts = workload.queries.map(({ query }) => query);
  expect(await onlooker.predict(texts)).toEqual(await (await Router.load(folder)).predict(texts));
});
