// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { App, EndpointPrefix, html, int, RequestHandler, Response, Rule } from "@mini/core";
import type { MiddlewareList } from "@mini/core";

class Plain extends RequestHandler {
  get() {
    return html``;
  }
}
class User extends RequestHandler {
  get({ id }: { id: string }) {
    return html`${id}`;
  }
  async post() {
    return new Response("made");
  }
}
const widened: readonly Rule[] = [new Rule("/users/:id", { endpoint: "user", handler: User })];

// Methods that a rule lists
new App({ rules: [new Rule("/users/:id", { handler: User, methods: ["GET", "HEAD", "OPTIONS", "post"] })] });
const loadedSomewhere: typeof RequestHandler = User;
new App({ rules: [new Rule("/users/:id", { handler: loadedSomewhere, methods: ["PUT"] })] });
const someMethods: readonly string[] = ["PUT"];
new App({ rules: [new Rule("/users/:id", { handler: User, methods: someMethods })] });
// @ts-expect-error the class has no put
new App({ rules: [new Rule("/users/:id", { handler: User, methods: ["GET", "PUT"] })] });
// @ts-expect-error nor has a lazy one
new App({ rules: [new Rule("/users/:id", { handler: async () => User, methods: ["PUT"] })] });

class Search extends RequestHandler {
  query({ id }: { id: string }) {
    return html`${id}`;
  }
}
new App({ rules: [new Rule("/users/:id", { handler: Search })] });
// @ts-expect-error QUERY is answered by a class that has it, so its parameters are checked
new App({ rules: [new Rule("/users/:name", { handler: Search })] });

// Every application knows its own rules
const shop = new App({
  rules: [
    new Rule("/", { endpoint: "home", handler: Plain }),
    new Rule("/items/:id", { endpoint: "item", handler: Plain, where: { id: int } }),
  ],
});
const wiki = new App({ rules: [...EndpointPrefix("wiki/", [new Rule("/:page", { endpoint: "page", handler: Plain })])] });
shop.urlFor("home");
shop.urlFor("home", { q: "x" }, { absolute: true });
shop.urlFor("item", { id: 5 });
wiki.urlFor("wiki/page", { page: "a" });
// @ts-expect-error an endpoint of the other application
shop.urlFor("wiki/page", { page: "a" });
// @ts-expect-error no endpoint at all
wiki.urlFor("home");
// @ts-expect-error a parameter is missing
shop.urlFor("item");
// @ts-expect-error the converter writes numbers
shop.urlFor("item", { id: "5" });
// @ts-expect-error no such option
shop.urlFor("home", {}, { absolut: true });

// Rules that are known only at run time have any endpoint
new App({ rules: widened }).urlFor("anything", { id: 1 });
new App({ rules: [new Rule("/", { endpoint: "home", handler: Plain }), ...widened] }).urlFor("anything", { id: 1 });
const anyApp: App = shop;
anyApp.urlFor("anything", { id: 1 });
const apps: readonly App[] = [shop, wiki];
void apps;

// Middleware of a base class
class Audit {
  beforeDispatch() {}
}
class Gate {
  afterDispatch(_handler: RequestHandler, response: Response) {
    return response;
  }
}
class Base extends RequestHandler {
  static override middleware: MiddlewareList = [Audit];
}
class Derived extends Base {
  static override middleware = [...Base.middleware, Gate];
}
class Third extends Derived {
  static override middleware = [...Derived.middleware, new Gate()];
}
class Direct extends RequestHandler {
  static override middleware = [...RequestHandler.middleware, Gate];
}
void [Third, Direct];
class Narrow extends RequestHandler {
  static override middleware = [Audit];
}
// @ts-expect-error a base class whose list is not declared as MiddlewareList can only have more of the same
class Wider extends Narrow {
  static override middleware = [...Narrow.middleware, Gate];
}
void Wider;
// @ts-expect-error a function is no middleware
new App({ rules: [], middleware: [() => undefined] });
