import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RouterStore } from "../../../lib/router/store/store.js";
import { contentOf, numberIn } from "./content.js";

/** Decides for each step on the file system whether it fails. Shared with the mock, which is hoisted above the imports. */
const faults = vi.hoisted(() => ({
  step: 0,
  fails: undefined as ((step: number) => boolean) | undefined,
  code: "ENOSPC",
  check(syscall: string): void {
    if (this.fails?.(++this.step) !== true) return;
    throw Object.assign(new Error(`${this.code}: injected, ${syscall}`), { code: this.code, syscall });
  },
}));

vi.mock("node:fs/promises", async importActual => {
  const actual = await importActual<Record<string, unknown>>();
  const wrap =
    (name: string, call: (...args: never[]) => unknown) =>
    async (...args: never[]) => {
      faults.check(name);
      return await call(...args);
    };
  const wrapped = Object.fromEntries(
    ["mkdir", "readFile", "readdir", "rename", "rm", "rmdir", "writeFile"].map(name => [
      name,
      wrap(name, actual[name] as (...args: never[]) => unknown),
    ]),
  );
  const open = async (...args: never[]) => {
    faults.check("open");
    const handle = (await (actual.open as (...args: never[]) => Promise<object>)(...args)) as object;
    return new Proxy(handle, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== "function") return value;
        const bound = value.bind(target);
        // A file that cannot be closed stays open; that is not what is tested here.
        return ["write", "sync", "read", "stat", "truncate"].includes(String(property))
          ? wrap(String(property), bound)
          : bound;
      },
    });
  };
  return { ...actual, ...wrapped, open };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-faults-"));
});
afterEach(async () => {
  heal();
  await rm(folder, { recursive: true, force: true });
});

function inject(fails: (step: number) => boolean, code = "ENOSPC"): void {
  Object.assign(faults, { step: 0, fails, code });
}

function heal(): void {
  faults.fails = undefined;
}

describe.each([
  ["fails once", (at: number) => (step: number) => step === at],
  [
    "and all after it fail, as when the process dies or the disk is gone",
    (at: number) => (step: number) => step >= at,
  ],
])("a save of which step n %s", (_, failing) => {
  it("leaves the old router or the new one, whole, for every n", async () => {
    await RouterStore.open(folder).write(contentOf(1));
    let number = 1;
    let failures = 0;
    for (let at = 1; ; at++) {
      inject(failing(at));
      const outcome = await RouterStore.open(folder)
        .write(contentOf(number + 1))
        .catch((error: unknown) => error);
      const reached = faults.step >= at;
      heal();
      const found = await numberIn(RouterStore.open(folder));
      if (outcome instanceof Error) {
        failures++;
        expect(outcome).toMatchObject({
          code: "ERR_OMNI_IO",
          message: expect.stringContaining("disk is full"),
        });
        // A rename that was done is not undone by the failure to flush it.
        expect([number, number + 1]).toContain(found);
      } else expect(found).toBe(number + 1);
      number = found;
      if (!reached) break;
    }
    // Fewer would mean that the mock has come loose from what the store calls.
    expect(failures).toBeGreaterThan(20);
    await RouterStore.open(folder).write(contentOf(number + 1));
    expect(await numberIn(RouterStore.open(folder))).toBe(number + 1);
  });
});

/** Appends a text as a router would: after reading to the end, under the lock. */
async function append(text: string): Promise<void> {
  await RouterStore.open(folder).exclusively(async writer => {
    const manifest = (await writer.manifest())!;
    const { end } = await writer.log(manifest, 0);
    await writer.append(manifest, end, Buffer.from(text));
  });
}

const logged = () =>
  RouterStore.open(folder).read(async ({ log }) => (await log()).entries.map(entry => entry.toString()));

describe.each([
  ["fails once", (at: number) => (step: number) => step === at],
  ["and all after it fail", (at: number) => (step: number) => step >= at],
])("an addition to the log of which step n %s", (_, failing) => {
  it("is refused, and whatever was acknowledged before is there, for every n", async () => {
    await RouterStore.open(folder).write(contentOf(1));
    const acknowledged: string[] = [];
    let failures = 0;
    for (let at = 1; ; at++) {
      // The first addition makes the log; later ones find it.
      if (at % 2 === 0) {
        await RouterStore.open(folder).write(contentOf(1));
        acknowledged.length = 0;
      }
      inject(failing(at));
      const outcome = await append(`entry ${at}`).catch((error: unknown) => error);
      const reached = faults.step >= at;
      heal();
      const found = await logged();
      if (outcome instanceof Error) {
        failures++;
        expect(outcome).toMatchObject({ code: "ERR_OMNI_IO" });
        // One that could not be taken back may still be there, at the end.
        expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
        expect(found.slice(acknowledged.length).every(entry => entry === `entry ${at}`)).toBe(true);
        acknowledged.splice(0, acknowledged.length, ...found);
      } else {
        acknowledged.push(`entry ${at}`);
        expect(found).toEqual(acknowledged);
      }
      await append(`after ${at}`);
      acknowledged.push(`after ${at}`);
      expect(await logged()).toEqual(acknowledged);
      if (!reached && outcome === undefined) break;
    }
    expect(failures).toBeGreaterThan(8);
  });
});

it("a first save that fails leaves a folder that the next save can use", async () => {
  const directory = join(folder, "new", "router");
  for (let at = 1; ; at++) {
    inject(step => step === at);
    const outcome = await RouterStore.open(directory)
      .write(contentOf(1))
      .catch((error: unknown) => error);
    const reached = faults.step >= at;
    heal();
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "ERR_OMNI_IO" });
    if (
      outcome instanceof Error &&
      (await stat(join(directory, "manifest.json")).catch(() => undefined)) === undefined
    )
      await expect(RouterStore.open(directory).manifest()).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    if (!reached) break;
  }
  expect(await numberIn(RouterStore.open(directory))).toBe(1);
});

it("a load of which any step fails is an error, never half a router", async () => {
  await RouterStore.open(folder).write(contentOf(1));
  let failures = 0;
  for (let at = 1; ; at++) {
    inject(step => step === at, "EIO");
    const outcome = await numberIn(RouterStore.open(folder)).catch((error: unknown) => error);
    const reached = faults.step >= at;
    heal();
    if (!reached) break;
    failures++;
    expect(outcome).toMatchObject({ code: "ERR_OMNI_IO" });
  }
  expect(failures).toBeGreaterThan(8);
});

it("a read-only file system is named as the cause", async () => {
  inject(() => true, "EROFS");
  await expect(RouterStore.open(join(folder, "router")).write(contentOf(1))).rejects.toMatchObject({
    code: "ERR_OMNI_IO",
    message: expect.stringContaining("the file system is read-only"),
  });
});

it.skipIf(process.getuid?.() === 0)(
  "a folder without write permission is an error (root is not held by it)",
  async () => {
    await RouterStore.open(folder).write(contentOf(1));
    await chmod(folder, 0o555);
    try {
      await expect(RouterStore.open(folder).write(contentOf(2))).rejects.toMatchObject({
        code: "ERR_OMNI_IO",
      });
      expect(await numberIn(RouterStore.open(folder))).toBe(1);
    } finally {
      await chmod(folder, 0o755);
    }
  },
);

/** A file system of one megabyte, where the user may mount one. */
function mountTiny(path: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

it("a disk that is really full keeps the old router", async context => {
  if (!mountTiny(folder))
    context.skip("mounting a tiny tmpfs needs root; the injected ENOSPC above stands in for it");
  try {
    await RouterStore.open(folder).write(contentOf(1, 10_000));
    await expect(RouterStore.open(folder).write(contentOf(2, 400_000))).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: expect.stringContaining("the disk is full"),
    });
    expect(await numberIn(RouterStore.open(folder))).toBe(1);
    await RouterStore.open(folder).write(contentOf(3, 10_000));
    expect(await numberIn(RouterStore.open(folder))).toBe(3);
  } finally {
    execFileSync("umount", [folder]);
  }
});
