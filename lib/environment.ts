import { invalid } from "./errors.js";
import { show } from "./show.js";

/** As the addon has it (native/compute/pool.cc), which takes anything else for unset. */
const MOST_THREADS = 1024;

/**
 * Refuses what the environment says and the addon would pass over: who limits threads and mistypes the number should not get
 * all cores. Names of instruction sets are the addon's to check, as it knows the machine.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` naming the variable
 */
export function checkEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  const threads = env.OMNIROUTER_THREADS;
  if (threads === undefined || threads === "") return;
  if (!/^\d+$/.test(threads) || Number(threads) < 1 || Number(threads) > MOST_THREADS)
    throw invalid(
      "OMNIROUTER_THREADS",
      `must be a whole number from 1 to ${MOST_THREADS} in the environment, got ${show(threads)}`,
    );
}

/** Whether a variable is a yes: `1` or `true`; `0`, `false` and nothing are a no. */
export function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = env[name]?.toLowerCase() ?? "";
  if (value === "1" || value === "true") return true;
  if (value === "0" || value === "false" || value === "") return false;
  throw invalid(name, `must be 1 or 0 in the environment, got ${show(env[name])}`);
}
