import { spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  /** Stopped by us. */
  readonly stopped: boolean;
}

/** Runs a command and stops it after so many seconds. */
export function runFor(seconds: number, command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let stopped = false;
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => {
      stopped = true;
      child.kill("SIGKILL");
    }, seconds * 1e3);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", text => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", text => {
      stderr += text;
    });
    child.on("error", error => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", code => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, milliseconds: performance.now() - start, stopped });
    });
  });
}
