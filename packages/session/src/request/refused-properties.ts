/**
 * Makes an assignment to a property that a class does not have throw a `TypeError`, in sloppy mode too. A frozen object would ignore
 * it there.
 *
 * @param prototype - That of the class. It inherits from `Object`.
 * @param session - The expression whose `set` is to be called instead.
 */
export function refuseProperties(prototype: object, session: string): void {
  const refusing: ProxyHandler<object> = {
    set(_target, key) {
      const name = String(key);
      throw new TypeError(`session.${name} = value would not be saved. Call ${session}.set("${name}", value).`);
    },
  };
  Object.setPrototypeOf(prototype, new Proxy({}, refusing));
}
