import { HTTPError, RuleError } from "../http/errors.ts";
import { RequestHandler, type HandlerClass } from "./handler.ts";
import type { MiddlewareRegistry, Stack } from "./middleware.ts";
import { isPromise, type Awaitable } from "./steps.ts";
import { Response } from "../http/response.ts";
import { isLazy, Rule, type AnyRule } from "../rules/rule.ts";

/** HTTP methods a handler can answer, and the member that does. */
export const verbs: ReadonlyMap<string, string> = new Map(
  ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [method, method.toLowerCase()]),
);

/** A handler class that is ready to answer. */
export interface Plan {
  readonly Handler: HandlerClass;
  readonly stack: Stack;
}

/** Whether instances of the class have the method; what `Object` gives everything does not count. */
function has(Handler: HandlerClass, member: string): boolean {
  const prototype: object = Handler.prototype;
  return member in prototype && !(member in Object.prototype) && typeof Reflect.get(prototype, member) === "function";
}

/** The HTTP methods a handler class answers, by its own or inherited members. */
function methodsOf(Handler: HandlerClass): readonly string[] {
  return [...verbs].filter(([, member]) => has(Handler, member)).map(([method]) => method);
}

/** The member that answers a method: `head` falls back to `get`. */
export function memberFor({ Handler }: Plan, rule: AnyRule, method: string): string | undefined {
  if (rule.action !== undefined) return rule.action;
  const member = verbs.get(method);
  if (member !== undefined && has(Handler, member)) return member;
  return method === "HEAD" && has(Handler, "get") ? "get" : undefined;
}

/** What answers where no rule does: its methods get what there is to answer with. */
export class NoHandler extends RequestHandler {
  fail(error: unknown): never {
    throw error;
  }

  allow(methods: readonly string[]): Response {
    return new Response(null, { status: 204, headers: { allow: methods.join(", ") } });
  }
}

const isHandlerClass = (value: unknown): value is HandlerClass => typeof value === "function" && value.prototype instanceof RequestHandler;

/** One rule's handler: there from the start, or loaded at the first request and once. */
export class Route {
  readonly rule: AnyRule;
  readonly #registry: MiddlewareRegistry;
  #plan: Awaitable<Plan> | undefined;

  /** @throws RuleError for a handler that is neither a class of handlers nor a function that loads one. */
  constructor(rule: AnyRule, registry: MiddlewareRegistry) {
    this.rule = rule;
    this.#registry = registry;
    if (!isLazy(rule.handler)) this.#plan = this.#prepare(rule.handler);
  }

  /** The methods the rule answers; `undefined` for any, as long as its class is not loaded. */
  get methods(): readonly string[] | undefined {
    if (this.rule.methods !== undefined) return this.rule.methods;
    if (this.rule.action !== undefined) return [...verbs.keys()].filter((method) => method !== "OPTIONS");
    return this.#plan === undefined || isPromise(this.#plan) ? undefined : methodsOf((this.#plan as Plan).Handler);
  }

  /** Methods for `Allow` once the class is known. */
  allowed({ Handler }: Plan): readonly string[] {
    const own = methodsOf(Handler);
    return [...new Set([...own, ...(own.includes("GET") ? ["HEAD"] : []), "OPTIONS"])].sort();
  }

  /** Names for a table of rules. Of a class that is not loaded yet there are none. */
  describe(): { readonly handler: string; readonly middleware: readonly string[] } {
    if (this.#plan === undefined || isPromise(this.#plan)) return { handler: "(loaded when first asked for)", middleware: [] };
    const { Handler, stack } = this.#plan as Plan;
    const call = this.rule.action === undefined ? "" : `.${this.rule.action}`;
    return { handler: Handler.name + call, middleware: stack.middleware.map((each) => each.constructor.name) };
  }

  /** The class with its middleware. One that could not be loaded is tried again at the next request. */
  plan(): Awaitable<Plan> {
    return (this.#plan ??= this.#load());
  }

  async #load(): Promise<Plan> {
    try {
      const load = this.rule.handler as () => Promise<unknown>;
      return (this.#plan = this.#prepare(await load()));
    } catch (error) {
      this.#plan = undefined;
      throw error;
    }
  }

  #prepare(Handler: unknown): Plan {
    const { path, action } = this.rule;
    if (!isHandlerClass(Handler)) {
      throw new RuleError([
        `The rule "${path}" has no handler class: give it a class that extends RequestHandler, or a function that loads one.`,
      ]);
    }
    if (action !== undefined && !has(Handler, action)) {
      throw new RuleError([`The rule "${path}" has the action "${action}", and ${Handler.name} has no such method.`]);
    }
    return { Handler, stack: this.#registry.stack(Handler) };
  }
}

/** The routes of an application's rules. */
export class Routes {
  readonly rules: readonly AnyRule[];
  /** A sentence for each entry that is no rule, or has no handler. */
  readonly problems: readonly string[];
  readonly #routes = new Map<AnyRule, Route>();

  constructor(rules: readonly unknown[], registry: MiddlewareRegistry) {
    this.rules = rules.filter((rule) => rule instanceof Rule) as readonly AnyRule[];
    const problems: string[] = [];
    if (this.rules.length < rules.length) {
      problems.push(
        "The list of rules has an entry that is no Rule; make each with new Rule(path, { ... }), and spread what a factory gives: ...Submount(...).",
      );
    }
    for (const rule of this.rules) {
      if (rule.redirectTo !== undefined || rule.buildOnly) continue;
      try {
        this.#routes.set(rule, new Route(rule, registry));
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        problems.push(...error.problems);
      }
    }
    this.problems = problems;
  }

  /** Of a rule that has none, nothing: `problems` says so. */
  readonly target = (rule: AnyRule): Route => this.#routes.get(rule)!;

  readonly methods = (rule: AnyRule): readonly string[] | undefined => this.#routes.get(rule)?.methods ?? rule.methods;

  readonly describe = (rule: AnyRule): { readonly handler: string; readonly middleware: readonly string[] } => this.target(rule).describe();
}

/** The error for a method that no rule of the path allows. */
export function methodNotAllowed(allow: readonly string[]): HTTPError {
  return new HTTPError(405, undefined, { headers: { allow: allow.join(", ") } });
}
