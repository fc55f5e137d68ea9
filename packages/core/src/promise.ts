/** A value now, or a promise of it. What returns no promise is answered without one. */
export type Awaitable<T> = T | PromiseLike<T>;

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** `next` on the value: at once, or when its promise has it. */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? Promise.resolve(value as PromiseLike<T>).then(next) : next(value as T);
}

/** The outcome of `work`, or of `recover` when it throws or rejects. */
export function attempt<T>(work: () => Awaitable<T>, recover: (error: unknown) => Awaitable<T>): Awaitable<T> {
  try {
    const value = work();
    return isPromise(value) ? Promise.resolve(value as PromiseLike<T>).catch(recover) : value;
  } catch (error) {
    return recover(error);
  }
}
