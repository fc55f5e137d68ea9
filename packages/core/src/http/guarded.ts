/** A promise that does not end the process when it is rejected before any code awaits it. */
export function guarded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Replaces methods of an object, so that their promises do not end the process when they are rejected. */
export function guardMethods<Target extends object>(target: Target, names: readonly string[]): Target {
  for (const name of names) {
    const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
    const value = (...args: unknown[]) => guarded(method.apply(target, args));
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
  return target;
}
