/**
 * A signal that is aborted with another one, for a native Request. Node keeps the signal that a Request is made with until the Request
 * is garbage. A listener on that signal that knows the Request would keep both for ever.
 */
export function followSignal(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  return controller.signal;
}
