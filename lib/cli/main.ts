#!/usr/bin/env node
import process from "node:process";
import { type AddCommand, runProgram } from "./program.js";

const commands: readonly AddCommand[] = [];

process.exitCode = await runProgram(process.argv.slice(2), process, commands);
// A pipe that is still open at the other end must not keep a finished command alive.
process.stdin.destroy();
