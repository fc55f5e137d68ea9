import type { Application } from "../context/application.ts";
import type { HandlerClass, Middleware, MiddlewareClass, MiddlewareList } from "./handler.ts";
import { ConfigError } from "../http/errors.ts";
import { SecurityHeaders } from "./security-headers.ts";

/** The middleware around the methods of one handler class, that of the application first. */
export interface Stack {
  readonly middleware: readonly Middleware[];
  /** How many of them, from the first, belong to the application. */
  readonly appLevel: number;
  /** What is on every response to a request that runs this middleware; `undefined` if no list has it. */
  readonly securityHeaders: SecurityHeaders | undefined;
}

/** Makes one instance of each middleware class, and knows which names of `local` they provide. */
export class MiddlewareRegistry {
  readonly #app: Application;
  readonly #instances = new Map<MiddlewareClass, Middleware>();
  readonly #providers = new Map<string, string>();
  readonly #appLevel: readonly Middleware[];

  constructor(app: Application, appLevel: MiddlewareList) {
    this.#app = app;
    this.#appLevel = this.#resolve(appLevel, "the application");
  }

  provider(name: string): string | undefined {
    return this.#providers.get(name);
  }

  /** The middleware of a handler class. Middleware that is listed twice runs once. */
  stack(handler: HandlerClass): Stack {
    const own = this.#resolve(handler.middleware, handler.name);
    const middleware = [...new Set([...this.#appLevel, ...own])];
    const securityHeaders = middleware.find((each) => each instanceof SecurityHeaders);
    return { middleware, appLevel: this.#appLevel.length, securityHeaders };
  }

  #resolve(list: MiddlewareList, owner: string): readonly Middleware[] {
    if (!Array.isArray(list)) throw new ConfigError(`The middleware of ${owner} must be an array of classes or instances.`);
    return [...new Set(list.map((item: MiddlewareClass | Middleware) => this.#instance(item, owner)))];
  }

  #instance(item: MiddlewareClass | Middleware, owner: string): Middleware {
    if (typeof item === "object" && item !== null) {
      this.#note(item.constructor as MiddlewareClass);
      return item;
    }
    if (typeof item !== "function") {
      throw new ConfigError(
        `The middleware of ${owner} has an entry that is neither a class nor an instance; a circular import leaves undefined there.`,
      );
    }
    let instance = this.#instances.get(item);
    if (instance === undefined) {
      instance = new item(this.#app);
      this.#instances.set(item, instance);
      this.#note(item);
    }
    return instance;
  }

  #note({ provides, name: className }: MiddlewareClass): void {
    for (const name of provides ?? []) this.#providers.set(name, className);
  }
}
