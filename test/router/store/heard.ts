import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** Listens to a process: what it has written so far, and to wait for a word of it. */
export function heard(child: ChildProcessByStdio<Writable | null, Readable, Readable>) {
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", text => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", text => {
    errors += text;
  });
  return {
    child,
    ended: once(child, "close"),
    output: () => output,
    errors: () => errors,
    async says(word: string) {
      while (!output.includes(word)) {
        if (child.exitCode !== null) throw new Error(`the process ended early: ${errors}`);
        await sleep(2);
      }
    },
  };
}
