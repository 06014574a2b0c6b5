// node scripts/gyp-sources.mjs KIND FOLDER...: the C++ sources in folders of native/, for native/binding.gyp. KIND is an
// instruction set, for the files that are named after it, or `plain` for all that are named after none.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [kind, ...folders] = process.argv.slice(2);
const native = fileURLToPath(new URL("../native/", import.meta.url));
for (const folder of folders)
  for (const name of readdirSync(native + folder, { recursive: true, encoding: "utf8" }).sort())
    if (name.endsWith(".cc") && (/_(avx2|avx512|neon)\.cc$/.exec(name)?.[1] ?? "plain") === kind)
      console.log(`${folder}/${name.replaceAll("\\", "/")}`);
