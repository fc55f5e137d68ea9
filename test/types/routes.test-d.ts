// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { App, EndpointPrefix, Host, html, int, number, oneOf, RequestHandler, Response, Rule, Submount, type PathParams } from "@mini/core";

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
function same<One, Other>(..._proof: Equal<One, Other> extends true ? [] : [never]): void {}

// Parameters of paths
same<PathParams<"/">, {}>();
same<PathParams<"/a/b.c-d">, {}>();
same<PathParams<"/users/:id">, { readonly id: string }>();
same<PathParams<"/:a-:b/:c_1$">, { readonly a: string; readonly b: string; readonly c_1$: string }>();
same<PathParams<"/files/*path">, { readonly path: readonly string[] }>();
same<PathParams<"/posts{/:page}">, { readonly page?: string }>();
same<PathParams<"/a{/:b{/*c}-:d}/:e">, { readonly b?: string; readonly c?: readonly string[]; readonly d?: string; readonly e: string }>();
same<PathParams<'/:"user-id"x'>, { readonly "user-id": string }>();
same<PathParams<"/a\\:b/:c">, { readonly c: string }>();
same<PathParams<"/a\\{:b\\}">, { readonly b: string }>();
same<PathParams<string>, Readonly<Record<string, string | readonly string[]>>>();

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
class Posts extends RequestHandler {
  get({ page = "1" }: { page?: string }) {
    return html`${page}`;
  }
}
class Files extends RequestHandler {
  get({ path }: { path: readonly string[] }) {
    return html`${path}`;
  }
}
class Nothing extends RequestHandler {
  get() {}
}
class Text extends RequestHandler {
  async get() {
    return "text";
  }
}
class Actions extends RequestHandler {
  show({ id }: { id: string }) {
    return html`${id}`;
  }
  get({ other }: { other: string }) {
    return html`${other}`;
  }
  helper() {
    return 5;
  }
}

// Handlers that fit
new App({
  rules: [
    new Rule("/", { endpoint: "home", handler: Plain }),
    new Rule("/plain/:unused", { handler: Plain }),
    new Rule("/users/:id", { endpoint: "user", handler: User }),
    new Rule("/posts{/:page}", { endpoint: "posts", handler: Posts }),
    new Rule("/posts/:page", { handler: Posts }),
    new Rule("/files/*path", { endpoint: "files", handler: Files }),
    new Rule("/lazy/:id", { handler: () => Promise.resolve(User) }),
    new Rule("/lazy/:id/async", { handler: async () => User }),
    new Rule("/show/:id", { handler: Actions, action: "show" }),
    new Rule("/users", { handler: User, methods: ["POST"] }),
  ],
});
new App({ rules: [] });
const widened: readonly Rule[] = [new Rule("/users/:id", { endpoint: "user", handler: User })];
new App({ rules: widened });

// Handlers that do not
// @ts-expect-error handler method "get" does not accept the parameters of "/users/:name"
new App({ rules: [new Rule("/users/:name", { handler: User })] });
// @ts-expect-error an optional parameter may be missing
new App({ rules: [new Rule("/users{/:id}", { handler: User })] });
// @ts-expect-error a wildcard is a list
new App({ rules: [new Rule("/users/*id", { handler: User })] });
// @ts-expect-error a parameter is no list
new App({ rules: [new Rule("/files/:path", { handler: Files })] });
// @ts-expect-error lazy handlers are checked too
new App({ rules: [new Rule("/users/:name", { handler: () => Promise.resolve(User) })] });
// @ts-expect-error a handler's method must return something
new App({ rules: [new Rule("/", { handler: Nothing })] });
// @ts-expect-error text is no answer
new App({ rules: [new Rule("/", { handler: Text })] });
// @ts-expect-error the action must accept the parameters
new App({ rules: [new Rule("/show/:name", { handler: Actions, action: "show" })] });
// @ts-expect-error the action must exist
new App({ rules: [new Rule("/show/:id", { handler: Actions, action: "shwo" })] });
// @ts-expect-error the action must answer
new App({ rules: [new Rule("/help", { handler: Actions, action: "helper" })] });
// @ts-expect-error GET is called with the rule's parameters
new App({ rules: [new Rule("/show/:id", { handler: Actions, methods: ["GET"] })] });
// @ts-expect-error no rule
new App({ rules: [{ path: "/" }] });

// Options of a rule
// @ts-expect-error a misspelled option
new Rule("/", { endpont: "home" });
// @ts-expect-error methods are a list
new Rule("/", { methods: "GET" });
// @ts-expect-error a handler is a class
new Rule("/", { handler: new Plain() });

// @ts-expect-error the base class declares no verb, so that a rule's class is never taken for one that has it
new RequestHandler({} as never).get();

export { Plain, User };

// Converters, hosts, defaults and factories
class Typed extends RequestHandler {
  get({ id }: { id: number }) {
    return html`${id}`;
  }
}
class Tenant extends RequestHandler {
  get({ tenant, lang }: { tenant: string; lang: "en" | "de" }) {
    return html`${tenant} ${lang}`;
  }
}
class Paged extends RequestHandler {
  get({ page }: { page: number }) {
    return html`${page}`;
  }
}
class Numbers extends RequestHandler {
  get({ ids }: { ids: readonly number[] }) {
    return html`${ids}`;
  }
}

new App({
  rules: [
    new Rule("/typed/:id", { handler: Typed, where: { id: int } }),
    new Rule("/between/:id", { handler: Typed, where: { id: number({ min: 1 }) } }),
    new Rule("/numbers/*ids", { handler: Numbers, where: { ids: int } }),
    new Rule("/paged{/:page}", { handler: Paged, where: { page: int }, defaults: { page: 1 } }),
    new Rule("/first", { handler: Paged, defaults: { page: 1 } }),
    new Rule("/:lang", { handler: Tenant, host: ":tenant.example.org", where: { lang: oneOf("en", "de") } }),
    ...Host(":tenant.example.org", Submount("/:lang", [new Rule("/in", { handler: Tenant, where: { lang: oneOf("en", "de") } })])),
    new Rule("/moved/:id", { where: { id: int }, redirectTo: ({ id }) => `/typed/${id.toFixed()}` }),
  ],
});

// @ts-expect-error without its converter the argument is text
new App({ rules: [new Rule("/typed/:id", { handler: Typed })] });
// @ts-expect-error another converter gives something else
new App({ rules: [new Rule("/typed/:id", { handler: Typed, where: { id: oneOf("a") } })] });
// @ts-expect-error without a default the argument may be missing
new App({ rules: [new Rule("/paged{/:page}", { handler: Paged, where: { page: int } })] });
// @ts-expect-error rules inside factories are checked
new App({ rules: [...Submount("/x/:id", [new Rule("/y", { handler: Typed })])] });
// @ts-expect-error so is what a host gives
new App({ rules: [...Host(":other.example.org", [new Rule("/:lang", { handler: Tenant, where: { lang: oneOf("en", "de") } })])] });
// @ts-expect-error a converter has parse and format
new Rule("/:id", { where: { id: 5 } });

export const mounted = EndpointPrefix("blog/", Submount("/blog/", [new Rule("/:slug", { endpoint: "show", handler: Plain })]));
same<typeof mounted extends readonly [Rule<infer Path, infer Name>] ? [Path, Name] : never, ["/blog/:slug", "blog/show"]>();
