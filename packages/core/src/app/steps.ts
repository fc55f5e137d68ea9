/** A value now, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Work that may have to wait: it yields the promises it waits for, as `await` does, and goes on with what they give or
 * throw. What needs no promise is so done without one, and is written once for both.
 */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Does the work: at once as long as it waits for nothing, and with one promise for all it waits for. */
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
