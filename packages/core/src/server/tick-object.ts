import { executionAsyncResource } from "node:async_hooks";
import { withoutRequest } from "../context/running-request.ts";

/** One of the objects that Node makes, one for each call of `process.nextTick()`. */
let kept: object | undefined;

/**
 * Keeps such an object alive for as long as the process runs. If memory is cleaned up several times while there is none, as on a
 * server without requests, V8 drops the hidden class of these objects. From then on it makes each of them in a slow way. A short request
 * calls `process.nextTick()` several times, and would take a quarter more time.
 */
export function keepTickObject(): void {
  // Bun does not have these objects, and would log a warning.
  if (kept !== undefined || process.versions["bun"] !== undefined) return;
  // The object knows the request in which it was made.
  withoutRequest(() => process.nextTick(() => void (kept = executionAsyncResource())));
}
