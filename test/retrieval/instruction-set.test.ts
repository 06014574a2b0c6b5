import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Searches in a process of its own, whose kernels are chosen by the environment; prints the answer or the error. */
function searchWith(isa: string): string {
  const addon =
    process.env.OMNIROUTER_BINDING ??
    fileURLToPath(new URL("../../build/Release/omnirouter.node", import.meta.url));
  const program = `
    const index = new (require(process.argv[1]).NativeVectorIndex)(70, "flat");
    const vectors = Float32Array.from({ length: 70 * 300 }, (_, i) => Math.sin(i * i));
    index.add(vectors, undefined);
    try {
      const { ids, similarities } = index.search(vectors.subarray(0, 700), 5);
      console.log([...ids, ...new Uint32Array(similarities.buffer)].join());
    } catch (error) { console.log(error.code, error.argument); }`;
  return execFileSync(process.execPath, ["-e", program, addon], {
    env: { ...process.env, OMNIROUTER_ISA: isa },
    encoding: "utf8",
  }).trim();
}

it("OMNIROUTER_ISA chooses the kernels, which all give the same bits", () => {
  const chosen = searchWith("");
  expect(chosen.split(",")).toHaveLength(100);
  expect(searchWith("scalar")).toBe(chosen);
});

it("an OMNIROUTER_ISA that is unknown, or not of this machine, is an error", () => {
  const foreign = process.arch === "arm64" ? "avx2" : "neon";
  for (const isa of ["sse9", foreign])
    expect(searchWith(isa)).toBe("ERR_OMNI_INVALID_ARGUMENT OMNIROUTER_ISA");
});
