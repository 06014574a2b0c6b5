import { expect, it } from "vitest";
import { assign, Prices } from "../../lib/index.js";
import { modelNames } from "./instances.js";

// More elements than an int32 counts, and more bytes than a uint32: an index computed in either goes astray. Only the
// last rows are not zero. Untouched pages of a Float32Array are one page of zeros to Linux, so this fits anywhere there.
const models = 64;
const rows = 34_000_000;
const tail = 5_000;

it.skipIf(process.platform !== "linux")(
  `assigns and routes ${rows} queries x ${models} models`,
  { timeout: 600_000 },
  () => {
    const cost = new Float32Array(rows * models);
    expect(cost.length).toBeGreaterThan(2 ** 31);
    // Of the last rows, all models cost 1 but one, which differs from row to row.
    const cheapest = (i: number) => (7 * i + 3) % models;
    for (let i = rows - tail; i < rows; i++) {
      cost.fill(1, i * models, (i + 1) * models);
      cost[i * models + cheapest(i)] = 0.25;
    }
    // Where all models are the same, one is allowed: a tie is otherwise kept open, with every model's values.
    const allowed = new BigUint64Array(rows).fill(1n);
    allowed.fill(2n ** 64n - 1n, rows - tail);
    const problem = { models: modelNames(models), quantities: { cost }, allowed };
    const check = (choice: Uint8Array) => {
      let wrong = 0;
      for (let i = 0; i < rows; i++) if (choice[i] !== (i < rows - tail ? 0 : cheapest(i))) wrong++;
      expect(wrong).toBe(0);
    };

    check(new Prices({ cost: 1 }, []).choose(problem));

    const plan = assign({
      ...problem,
      objective: { minimize: "cost" },
      limits: [{ sum: "cost", atMost: 0.25 * tail }],
    });
    expect(plan.status).toBe("optimal");
    expect(plan.totals.cost).toBe(0.25 * tail);
    let wrong = 0;
    for (let i = rows - tail; i < rows; i++) if (plan.choice[i] !== cheapest(i)) wrong++;
    expect(wrong).toBe(0);
    expect(plan.at(rows - 1).values.cost).toBe(0.25);

    // A bad value at the far end is found, and named.
    cost[cost.length - 1] = Number.NaN;
    expect(() => assign({ ...problem, objective: { minimize: "cost" } })).toThrow(
      `query ${rows - 1}, model ${models - 1}`,
    );
  },
);
