import { fromNative, OmniRouterError } from "./errors.js";

/** What the addon returns for asynchronous work (native/bindings/task.h). */
export interface NativeTask<T> {
  promise: Promise<T>;
  cancel(): void;
}

/**
 * Ties native work to an AbortSignal: an abort cancels it, and the promise rejects with the signal's reason, as
 * `fetch` does. `start` is not called at all for a signal that is aborted already.
 */
export async function settle<T>(signal: AbortSignal | undefined, start: () => NativeTask<T>): Promise<T> {
  signal?.throwIfAborted();
  let task: NativeTask<T>;
  try {
    task = start();
  } catch (error) {
    throw fromNative(error);
  }
  const onAbort = () => task.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await task.promise;
  } catch (error) {
    const known = fromNative(error);
    if (known instanceof OmniRouterError && known.code === "ERR_OMNI_CANCELLED" && signal?.aborted)
      throw signal.reason;
    throw known;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Calls the addon synchronously, with its errors turned into ours. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}
