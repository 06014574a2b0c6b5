import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RouterStore } from "../../../lib/router/store/store.js";
import { compileLibrary } from "./compiled.js";
import { contentOf, numberIn } from "./content.js";
import { heard } from "./heard.js";

let library: Awaited<ReturnType<typeof compileLibrary>>;
let folder: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  library = await compileLibrary();
});
afterAll(() => library.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-store-"));
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

function saver(first: number, count: number, ...more: string[]) {
  const script = fileURLToPath(new URL("saver.mjs", import.meta.url));
  const child = spawn(
    process.execPath,
    [script, library.directory, folder, `${first}`, `${count}`, ...more],
    {
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  running.add(child);
  const listened = heard(child);
  return {
    ...listened,
    ended: listened.ended.then(() => running.delete(child)),
    saves: () =>
      [...listened.output().matchAll(/saved (\d+) as (\d+)/g)].map(match => ({
        number: +match[1]!,
        generation: +match[2]!,
      })),
  };
}

/** What ten seconds would do. The test knows that the writer is dead; the store has to wait for it. */
async function expireLock(): Promise<void> {
  await utimes(join(folder, "lock"), new Date(0), new Date(0)).catch(() => {});
}

/** Numbers from 0 to 1, the same in every run (the "minimal standard" generator of Park and Miller). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

describe("a saved router, whose writers are processes", () => {
  it("survives a kill at any moment of a save", async () => {
    const random = seeded(20502576);
    let next = 1;
    let leftovers = 0;
    for (let round = 0; round < 15; round++) {
      const writer = saver(next, 1000);
      await writer.says("saved");
      await sleep(random() * 40);
      writer.child.kill("SIGKILL");
      await writer.ended;
      const acknowledged = writer.saves().at(-1)!.number;
      const found = await numberIn(RouterStore.open(folder));
      // The last save may have been done, and the writer killed before it could say so.
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      const generation = (await RouterStore.open(folder).manifest()).generation;
      if ((await readdir(join(folder, "generations"))).map(Number).some(number => number > generation))
        leftovers++;
      next = found + 1;
      await expireLock();
    }
    // Otherwise no kill hit the middle of a save, and this test shows nothing.
    expect(leftovers).toBeGreaterThan(0);
    await RouterStore.open(folder).write(contentOf(next));
    expect(await numberIn(RouterStore.open(folder))).toBe(next);
    expect((await readdir(folder)).sort()).toEqual(["generations", "manifest.json"]);
    expect(await readdir(join(folder, "generations"))).toHaveLength(2);
  });

  it("takes the saves of two writers one after the other, and loses none", async () => {
    const writers = [saver(1000, 25), saver(2000, 25)];
    await Promise.all(writers.map(writer => writer.ended));
    expect(writers.map(writer => writer.errors())).toEqual(["", ""]);
    const generations = writers.flatMap(writer => writer.saves().map(save => save.generation));
    expect(generations.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect([1024, 2024]).toContain(await numberIn(RouterStore.open(folder)));
  });

  it("tells who else is writing, and loads the old router meanwhile", async () => {
    await RouterStore.open(folder).write(contentOf(1));
    const writer = saver(2, 1, "stall");
    await writer.says("stalled");
    await expect(RouterStore.open(folder, { lockTimeoutMs: 150 }).write(contentOf(3))).rejects.toMatchObject({
      code: "ERR_OMNI_LOCKED",
      message: expect.stringContaining(`process ${writer.child.pid} on `),
    });
    expect(await numberIn(RouterStore.open(folder))).toBe(1);

    writer.child.kill("SIGKILL");
    await writer.ended;
    await expireLock();
    await RouterStore.open(folder, { lockTimeoutMs: 150 }).write(contentOf(4));
    expect(await numberIn(RouterStore.open(folder))).toBe(4);
  });

  it("makes a writer that lost its lock give up, and not hurt the one that has it", async () => {
    await RouterStore.open(folder).write(contentOf(1));
    let holder: ReturnType<typeof saver> | undefined;
    const { files, ...rest } = contentOf(2);
    const slow = new Map(files).set("slow.bin", async () => {
      await expireLock();
      holder = saver(3, 1, "stall");
      await holder.says("stalled");
    });
    const locked = { code: "ERR_OMNI_LOCKED", message: expect.stringMatching(/process \d+ on /) };
    await expect(RouterStore.open(folder).write({ ...rest, files: slow })).rejects.toMatchObject(locked);
    // The one that gave up has not released the other's lock on its way out.
    await expect(RouterStore.open(folder, { lockTimeoutMs: 100 }).write(contentOf(4))).rejects.toMatchObject(
      locked,
    );
    holder!.child.stdin!.end();
    await holder!.ended;
    expect(holder!.saves()).toEqual([{ number: 3, generation: 2 }]);
    expect(await numberIn(RouterStore.open(folder))).toBe(3);
  });
});
