import type { Machine } from "../../scripts/setup/machine.mjs";

/** A computer that exists on paper: what is on its PATH, what its compiler finds, who is using it. */
export function machine(
  has: readonly string[],
  changes: Partial<Machine> & { headers?: readonly string[]; libraries?: readonly string[] } = {},
): Machine {
  const { headers = [], libraries = [], ...rest } = changes;
  const files = libraries.map(name => `/usr/lib/lib${name}.so`);
  return {
    platform: "linux",
    debianLike: true,
    root: true,
    interactive: false,
    env: {},
    has: command => has.includes(command),
    exists: path => files.includes(path),
    ask: (_command, [first = ""], source) => {
      if (source !== undefined)
        return headers
          .filter(header => source.includes(`<${header}>`))
          .map(header => `found:${header}\n`)
          .join("");
      const file = first.replace("-print-file-name=", "");
      return files.find(path => path.endsWith(`/${file}`)) ?? file;
    },
    ...rest,
  };
}
