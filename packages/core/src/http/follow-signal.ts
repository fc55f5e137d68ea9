/**
 * A signal that is aborted with another one, for a native Request. Node keeps a reference to the signal that a Request is made with
 * until the Request is garbage. If a listener of that signal referred to the Request, neither would ever be garbage.
 */
export function followSignal(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  return controller.signal;
}
