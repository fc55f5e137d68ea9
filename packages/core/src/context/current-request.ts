import { Request } from "./request.ts";
import { probes, running, storage } from "./running-request.ts";

/**
 * The running request, which any code in the request can use. Forwards to `local.request`.
 *
 * @throws LocalError if it is read outside a request.
 */
export const request: Request = /* @__PURE__ */ new Proxy(/* @__PURE__ */ Object.create(Request.prototype) as Request, {
  get(unbound, name) {
    if (typeof name === "symbol") return undefined;
    if (probes.has(name)) return Reflect.get(unbound, name) as unknown;
    const target = running(`read request.${name}`).request;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? (value.bind(target) as unknown) : value;
  },
  has: (unbound, name) => name in (storage.getStore()?.request ?? unbound),
  set: () => false,
});
