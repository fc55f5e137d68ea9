/**
 * Makes an assignment to a property that a class does not have throw a `TypeError`, in sloppy mode too. A frozen object would ignore
 * it there.
 *
 * @param prototype - That of the class. It inherits from `Object`.
 * @param insteadOf - What to write instead of an assignment to the property.
 */
export function refuseProperties(prototype: object, insteadOf: (name: string) => string): void {
  const refusing: ProxyHandler<object> = {
    set(_target, key) {
      throw new TypeError(insteadOf(String(key)));
    },
  };
  Object.setPrototypeOf(prototype, new Proxy({}, refusing));
}
