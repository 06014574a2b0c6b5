// The package on a platform without what is optional: a Node built without reports, a host without shared memory.
// Prints one line of JSON.
Object.defineProperty(process, "report", { value: undefined });
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
const { assign, Workspace } = await import("@omnirouter/core");

const objective = { minimize: "cost" };
const { status } = assign({ models: ["a"], quantities: { cost: Float32Array.of(1) }, objective });
const workspace = new Workspace({ models: ["a", "b"], quantities: ["cost"], rows: 2 });
workspace.quantities.cost.set([1, 2, 2, 1]);
const problem = { rows: 2, objective };
const choices = [workspace.assign(problem), await workspace.assignAsync(problem)].map(plan => [
  ...plan.choice,
]);
console.log(JSON.stringify({ status, choices, shared: typeof SharedArrayBuffer }));
