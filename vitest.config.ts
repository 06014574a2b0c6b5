import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A process per file: the native addon's compute pool and its thread count belong to the process.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
