// clang-format over the C++ sources; with --check it changes nothing and fails if it would.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runAttached } from "./setup/command.mjs";
import { thisMachine } from "./setup/machine.mjs";
import { SetupFailed } from "./setup/steps.mjs";
import { root, runScript } from "./setup.mjs";

await runScript(async () => {
  if (!thisMachine().has("clang-format"))
    throw new SetupFailed(
      "clang-format is not installed. Run: sudo apt-get install clang-format   (macOS: brew install clang-format)",
    );
  const sources = ["native", join("test", "native"), join("bench", "native")].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter(name => /\.(h|cc)$/.test(name))
      .map(name => join(folder, name)),
  );
  const mode = process.argv.includes("--check") ? ["--dry-run", "-Werror", "--ferror-limit=1"] : ["-i"];
  return runAttached("clang-format", [...mode, ...sources], { cwd: root });
});
