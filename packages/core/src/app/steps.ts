export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Work that may have to wait for promises. A function of this type is written once for both cases: it uses `yield` in place of
 * `await`, and only if there is a promise. A request without one is answered without one, which is faster.
 */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Runs the work. Returns a promise only if the work waits for one. */
export function run<T>(steps: Steps<T>): T | Promise<T> {
  const { done, value } = steps.next();
  return done === true ? value : wait(steps, value);
}

async function wait<T>(steps: Steps<T>, first: PromiseLike<unknown>): Promise<T> {
  for (let pending = first; ;) {
    let given: unknown;
    let failed = false;
    try {
      given = await pending;
    } catch (error) {
      given = error;
      failed = true;
    }
    const { done, value } = failed ? steps.throw(given) : steps.next(given);
    if (done === true) return value;
    pending = value;
  }
}
