// npm version: writes package.json's new version into lib/version.ts.
import { readFileSync, writeFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const source = readFileSync("lib/version.ts", "utf8");
const line = /^export const version = ".*";$/m;
if (!line.test(source)) throw new Error("lib/version.ts has no line to write the version into");
writeFileSync("lib/version.ts", source.replace(line, `export const version = "${version}";`));
