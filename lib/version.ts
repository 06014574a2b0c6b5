import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../package.json") as { version: string };

/** This package's version, e.g. `0.1.0`. */
export const version: string = manifest.version;
