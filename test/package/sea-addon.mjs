// For an application that is one executable: its addon is an asset, which has to be a file before it can be loaded.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAsset } from "node:sea";

const file = join(mkdtempSync(join(tmpdir(), "application-")), "omnirouter.node");
writeFileSync(file, new Uint8Array(getAsset("omnirouter.node")));
process.env.OMNIROUTER_BINDING = file;
