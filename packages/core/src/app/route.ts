import { RuleError } from "../rules/errors.ts";
import { Response } from "../http/response.ts";
import { isLazy, Rule, type AnyRule } from "../rules/rule.ts";
import { classNameOf, type HandlerClass, handlerProblems, isPromise, membersOf, RequestHandler } from "./handler.ts";
import type { MiddlewareRegistry, MiddlewareStack } from "./middleware.ts";

/** A handler class, and the middleware that runs around its methods. */
export interface LoadedHandler {
  readonly Handler: HandlerClass;
  readonly stack: MiddlewareStack;
  /** The member of the class that answers each HTTP method of the rule. */
  readonly members: ReadonlyMap<string, string>;
}

const isHandlerClass = (value: unknown): value is HandlerClass => typeof value === "function" && value.prototype instanceof RequestHandler;

/** The handler of one rule: known from the start, or loaded once, at the first request. */
export class Route {
  readonly #rule: AnyRule;
  readonly #registry: MiddlewareRegistry;
  /** The handler; `undefined` until {@link load} has loaded it. */
  loaded: LoadedHandler | undefined = undefined;
  #loading: Promise<LoadedHandler> | undefined;

  /** @throws RuleError for a handler that is neither a handler class nor a function that loads one. */
  constructor(rule: AnyRule, registry: MiddlewareRegistry) {
    this.#rule = rule;
    this.#registry = registry;
    if (!isLazy(rule.handler)) this.loaded = this.#prepare(rule.handler);
  }

  /** The methods that the rule answers; `undefined`: any, because its class is not loaded yet. */
  get methods(): readonly string[] | undefined {
    return this.loaded === undefined ? this.#rule.methods : [...this.loaded.members.keys()];
  }

  /** Names for the table of rules. Those of a class that is not loaded yet are not known. */
  describe(): { readonly handler: string; readonly middleware: readonly string[] } {
    if (this.loaded === undefined) return { handler: "(loaded at the first request)", middleware: [] };
    const { Handler, stack } = this.loaded;
    const call = this.#rule.action === undefined ? "" : `.${this.#rule.action}`;
    return { handler: Handler.name + call, middleware: stack.middleware.map(classNameOf) };
  }

  /** Loads the class and prepares its middleware. If that fails, the next request tries again. */
  load(): Promise<LoadedHandler> {
    if (this.loaded !== undefined) return Promise.resolve(this.loaded);
    return (this.#loading ??= this.#load().finally(() => (this.#loading = undefined)));
  }

  async #load(): Promise<LoadedHandler> {
    const load = this.#rule.handler as () => Promise<unknown>;
    return (this.loaded = this.#prepare(await load()));
  }

  #prepare(Handler: unknown): LoadedHandler {
    const { path } = this.#rule;
    if (!isHandlerClass(Handler)) {
      throw new RuleError([
        `The rule "${path}" has no handler class: give it a class that extends RequestHandler, or a function that loads one.`,
      ]);
    }
    const problems = handlerProblems(Handler, this.#rule);
    if (problems.length > 0) throw new RuleError(problems);
    return { Handler, stack: this.#registry.stack(Handler, this.#rule.appMiddleware), members: membersOf(Handler, this.#rule) };
  }
}

/** The routes of an application's rules. */
export class Routes {
  readonly rules: readonly AnyRule[];
  /** A sentence for each entry that is not a rule, or has no handler. */
  readonly problems: readonly string[];
  readonly #routes = new Map<AnyRule, Route>();

  constructor(rules: readonly unknown[], registry: MiddlewareRegistry) {
    this.rules = rules.filter((rule) => rule instanceof Rule) as readonly AnyRule[];
    const problems: string[] = [];
    for (const [at, rule] of rules.entries())
      if (!(rule instanceof Rule)) problems.push(`rules[${at}] is not a Rule: ${insteadOfRule(rule)}.`);
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

  /** The route of a rule; `undefined` for a rule without a handler, which is added to `problems`. */
  readonly target = (rule: AnyRule): Route => this.#routes.get(rule)!;

  /** A rule whose handler cannot answer has no methods, so that it does not hide other rules. */
  readonly methods = (rule: AnyRule): readonly string[] | undefined => {
    const route = this.#routes.get(rule);
    return route === undefined ? [] : route.methods;
  };

  readonly isPending = (rule: AnyRule): boolean => {
    const route = this.#routes.get(rule);
    return route !== undefined && route.loaded === undefined;
  };

  readonly describe = (rule: AnyRule): { readonly handler: string; readonly middleware: readonly string[] } => this.target(rule).describe();
}

/** @throws RuleError for rules that are not an array. */
export function checkRules(rules: unknown): void {
  if (!Array.isArray(rules)) throw new RuleError([`The rules of an App must be an array: ${insteadOfRules(rules)}.`]);
}

/** What to do about rules that are not an array. */
function insteadOfRules(rules: unknown): string {
  if (rules === undefined || rules === null) return "write new App({ rules: [...] }); the cause can be a circular import";
  if (rules instanceof Rule) return "put the Rule into one, [rule]";
  if (isPromise(rules)) return "these are a promise; await it first";
  if (typeof rules === "function") return "this is a function; call it";
  if (Object.prototype.toString.call(rules) === "[object Module]")
    return "this is a whole module; import { rules } from it, not * as rules";
  return `this is ${typeof rules === "object" ? "an object" : typeof rules}; list its rules, [new Rule(...)]`;
}

/** What to do about an entry of the rules that is not a rule. */
function insteadOfRule(entry: unknown): string {
  if (Array.isArray(entry)) return "this is an array; spread it, ...Submount(...)";
  if (entry === undefined) return "it is undefined; the cause can be a circular import or a hole in the array";
  return "make it with new Rule(path, { ... })";
}

/** Answers requests that no handler of a rule answers, so that the application's middleware runs around errors and `OPTIONS` too. */
export class BuiltInHandler extends RequestHandler {
  /** Answers with an error. Middleware and error pages treat it like an error that a handler throws. */
  fail(error: unknown): never {
    throw error;
  }

  /** Answers `OPTIONS`. */
  allow(methods: readonly string[]): Response {
    return new Response(null, { status: 204, headers: { allow: methods.join(", ") } });
  }

  /** Hands the connection over to another protocol. The response is for after-hooks, and is not sent. */
  async upgrade(takeOver: () => unknown): Promise<Response> {
    await takeOver();
    return new Response(null, { status: 204 });
  }
}
