/**
 * This package's version, e.g. `0.1.0`. Written here and not read from package.json, which a bundle leaves behind;
 * `npm version` keeps it up to date (scripts/write-version.mjs).
 */
export const version = "0.1.0";
