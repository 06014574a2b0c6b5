import { configDefaults, defineConfig } from "vitest/config";

/** Set by `npm run test:full`: the tests that take long, *.full.test.ts, run too. */
const full = process.env.OMNIROUTER_TEST_FULL === "1";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(full ? [] : ["test/**/*.full.test.ts"])],
    // A process per file: the native addon's compute pool and its thread count belong to the process.
    pool: "forks",
    maxWorkers: 2,
    // Of a machine that has much else to do.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
