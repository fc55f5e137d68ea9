import { abort, deleteCookie, local, redirect, request, setCookie } from "@mini/core";
import type { Session } from "@mini/session";
import { expect } from "vitest";

type Data = Record<string, unknown>;

/** One operation of a case. */
export interface Op {
  readonly op: string;
  readonly key: string;
  readonly value?: unknown;
  readonly values: Data;
  readonly expect?: unknown;
  readonly expectError?: string;
  readonly default?: unknown;
  readonly path: readonly string[];
  readonly session?: string;
  readonly via?: string;
  readonly name: string;
  readonly level?: string;
  readonly from: string;
  readonly to: string;
  readonly as: string;
  readonly handledBy?: string;
  readonly options?: { readonly maxAge?: number };
  /** For `concurrent`: the operations of each request. */
  readonly requests?: readonly (readonly Op[])[];
  /** For `sidFormat`. */
  readonly invalid: readonly string[];
  /** For `sidChanged`: the jar whose id it is compared with; left out, the first id of the case. */
  readonly since?: string;
}

/** The short form in which a case writes a repeated text. */
function expand(given: unknown): unknown {
  if (typeof given !== "object" || given === null || !("repeat" in given)) return given;
  const [part, times] = given.repeat as readonly [string, number];
  return part.repeat(times);
}

const value = (given: unknown) => (given === undefined ? null : given);

/** Does one operation. Returns the response, if the operation ends the handler. */
export async function perform(op: Op, handler: { readonly session: Promise<Session> }): Promise<unknown> {
  if (op.op === "storePresent") return void expect("sessionStore" in local).toBe(op.expect);
  if (op.op === "nothing") return undefined;
  const store = local.sessionStore;
  const options = op.options?.maxAge === undefined ? undefined : { cookie: { maxAge: op.options.maxAge } };
  const session = () =>
    op.session === undefined && op.via === undefined
      ? (handler.session as unknown as Promise<Session<Data>>)
      : store.getSession<Data>(op.session, options);
  const same = (got: unknown) => "expect" in op && expect(value(got), JSON.stringify(op)).toEqual(op.expect);
  switch (op.op) {
    case "get":
      return void same((await session()).get(op.key));
    case "set":
      return (await session()).set(op.key, expand(op.value));
    case "del":
      return void (await session()).delete(op.key);
    case "pop":
      return void same((await session()).pop(op.key) ?? op.default);
    case "setdefault":
      return void same((await session()).setDefault(op.key, op.value));
    case "update":
      return (await session()).assign(op.values);
    case "clear":
      return (await session()).clear();
    case "has":
      return void same((await session()).has(op.key));
    case "size":
      return void same((await session()).size);
    case "all":
      return void same((await session()).toJSON());
    case "push":
      return void ((await session()).get(op.key) as unknown[]).push(op.value);
    case "removeItem": {
      const list = (await session()).get(op.key) as unknown[];
      const at = list.indexOf(op.value);
      return at === -1 ? undefined : void list.splice(at, 1);
    }
    case "assign": {
      const [first, ...rest] = op.path;
      let target = (await session()).get(first!) as Data;
      for (const key of rest.slice(0, -1)) target = target[key] as Data;
      target[rest.at(-1)!] = op.value;
      return undefined;
    }
    case "flags": {
      const { isNew, modified } = await session();
      return void same({ isNew, modified });
    }
    case "sameObject":
      return void same((await session()) === (await store.getSession<Data>(op.session)));
    case "addFlash":
      return (await session()).flash(op.value, op.level);
    case "getFlashes":
      return void same((await (await session()).getFlashes()).map(({ message, level }) => [message, level === "info" ? null : level]));
    case "setCookie":
      return setCookie(op.name, op.value as string, op.options ?? {});
    case "deleteCookie":
      return deleteCookie(op.name);
    case "cookie":
      return void same(request.cookies.get(op.name));
    case "setSecureCookie":
      return store.setSecureCookie(op.name, op.value as object);
    case "getSecureCookie":
    case "loadSecureCookie":
      return void same(store.getSecureCookie(op.name));
    case "deleteSession":
      return store.deleteSession(op.session);
    case "setSession":
      return void (await store.setSession<Data>(op.session, op.value as Data));
    case "updateSessionOptions":
      return void same(store.updateSessionOptions(op.session, { cookie: { maxAge: op.options!.maxAge } }));
    case "regenerate":
      return (await session()).regenerate();
    case "redirect":
      return redirect(op.to);
    case "abort":
      return abort(403);
    case "throw":
      throw new Error("thrown by the case");
    default:
      throw new Error(`no such operation: ${op.op}`);
  }
}
