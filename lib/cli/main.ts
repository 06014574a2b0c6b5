#!/usr/bin/env node
import process from "node:process";
import { addEvaluate } from "./evaluate.js";
import { addFit } from "./fit.js";
import { addInspect } from "./inspect.js";
import { addLearn } from "./learn.js";
import { runProgram } from "./program.js";
import { addQuickstart } from "./quickstart.js";
import { addRefit } from "./refit.js";
import { addRoute } from "./route.js";

const commands = [addFit, addRoute, addLearn, addRefit, addInspect, addEvaluate, addQuickstart];

process.exitCode = await runProgram(process.argv.slice(2), process, commands);
// A pipe that is still open at the other end must not keep a finished command alive.
process.stdin.destroy();
