// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { App, EndpointPrefix, Host, html, int, number, oneOf, RequestHandler, Response, Rule, Submount } from "@mini/core";
import type { PathParams } from "@mini/core";

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
same<PathParams<"/a*b-*c">, { readonly b: readonly string[]; readonly c: readonly string[] }>();
same<PathParams<"/{a/b/}:c">, { readonly c: string }>();
same<PathParams<"/a{/b/:c/d}/e/*f">, { readonly c?: string; readonly f: readonly string[] }>();
same<PathParams<'/:"a/b"/:"c:d{e}"'>, { readonly "a/b": string; readonly "c:d{e}": string }>();
same<PathParams<"/a\\*b\\\\:c/\\{:d">, { readonly c: string; readonly d: string }>();
same<PathParams<"/:größe/:名前.x">, { readonly größe: string; readonly 名前: string }>();
same<PathParams<":tenant.example.org">, { readonly tenant: string }>();
same<PathParams<string>, Readonly<Record<string, string | readonly string[]>>>();

// Paths as long as they come: no bound of the compiler is met
type Twice<Text extends string> = `${Text}${Text}`;
type Long<Text extends string> = Twice<Twice<Twice<Twice<Twice<Text>>>>>;
same<PathParams<`${Long<"/several-words-in-a-segment">}/:id`>, { readonly id: string }>();
same<PathParams<`${Long<"/several-words-in-a-segment">}{/:id}`>, { readonly id?: string }>();
same<PathParams<`/${Long<"a-segment-of-many-words">}{/:id}`>, { readonly id?: string }>();
same<PathParams<`/:${Long<"abcd">}`>, { readonly [Key in Long<"abcd">]: string }>();

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

class Two extends RequestHandler {
  get({ id }: { id: string }) {
    return html`${id}`;
  }
  post({ name }: { name: string }) {
    return html`${name}`;
  }
}
class Sometimes extends RequestHandler {
  get({ id }: { id: string }) {
    return id === "" ? undefined : html``;
  }
  put(args?: { id: string }) {
    return args === undefined ? Promise.resolve(html``) : new globalThis.Response();
  }
}
class Inherits extends User {}

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
    new Rule("/two/:id", { handler: Two, methods: ["GET", "head"] }),
    new Rule("/two/:name", { handler: Two, methods: ["post"] }),
    new Rule("/sometimes/:id", { handler: Sometimes, methods: ["PUT"] }),
    new Rule("/sometimes{/:more}", { handler: Plain }),
    new Rule("/inherits/:id", { handler: Inherits }),
    new Rule("/built/:name", { endpoint: "built", buildOnly: true }),
    ...Submount("/mounted/:id", [new Rule("/", { handler: User }), new Rule("/lazy", { handler: () => Promise.resolve(User) })]),
  ],
});
new App({ rules: [] });
const widened: readonly Rule[] = [new Rule("/users/:id", { endpoint: "user", handler: User })];
new App({ rules: widened });

const inferred = [new Rule("/", { handler: Plain }), new Rule("/users/:id", { handler: User })];
new App({ rules: inferred });
new App({ rules: [...inferred, ...([new Rule("/posts", { handler: Posts })] as const)] });

// Handlers that do not
// @ts-expect-error handler method "get" does not accept the parameters of "/users/:name"
new App({ rules: [new Rule("/users/:name", { handler: User })] });
// @ts-expect-error an optional parameter may be missing
new App({ rules: [new Rule("/users{/:id}", { handler: User })] });
// @ts-expect-error a wildcard is a list
new App({ rules: [new Rule("/users/*id", { handler: User })] });
// @ts-expect-error a parameter is not a list
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
// @ts-expect-error every method is checked, not only the first
new App({ rules: [new Rule("/two/:id", { handler: Two })] });
// @ts-expect-error HEAD is served by get, and methods may be in small letters
new App({ rules: [new Rule("/two/:name", { handler: Two, methods: ["head"] })] });
// @ts-expect-error of several methods each is checked
new App({ rules: [new Rule("/two/:id", { handler: Two, methods: ["GET", "POST"] })] });
// @ts-expect-error an answer that may be missing is none
new App({ rules: [new Rule("/sometimes/:id", { handler: Sometimes })] });
// @ts-expect-error inherited methods are checked
new App({ rules: [new Rule("/users/:name", { handler: Inherits })] });
// @ts-expect-error so is what a lazy handler answers
new App({ rules: [new Rule("/", { handler: async () => Text })] });
// @ts-expect-error and the action of a lazy handler
new App({ rules: [new Rule("/show/:id", { handler: async () => Actions, action: "shwo" })] });
// @ts-expect-error lazy handlers inside factories are checked
new App({ rules: [...Submount("/x/:name", [new Rule("/y", { handler: () => Promise.resolve(User) })])] });
// @ts-expect-error so are those inside several
new App({ rules: [...Host("h.org", EndpointPrefix("p/", Submount("/x/:name", [new Rule("/y", { handler: async () => User })])))] });
const wrong = [new Rule("/", { handler: Plain }), new Rule("/users/:name", { handler: User })];
// @ts-expect-error a list without "as const" is checked too
new App({ rules: wrong });
// @ts-expect-error and one that is spread
new App({ rules: [...wrong] });
const wrongTuple = [new Rule("/", { handler: Plain }), new Rule("/users/:name", { handler: User })] as const;
// @ts-expect-error and one with "as const"
new App({ rules: wrongTuple });
// @ts-expect-error a factory takes rules, and the App refuses what is none
new App({ rules: [...Submount("/x", [{ path: "/" }])] });
// @ts-expect-error a class that is not a handler has no method for the action
new App({ rules: [new Rule("/", { handler: Map, action: "show" })] });
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
    new Rule("/in{/:lang}", { handler: Tenant, where: { lang: oneOf("en", "de") }, defaults: { lang: "en", tenant: "t" } }),
    new Rule("/all{/*ids}", { handler: Numbers, where: { ids: int }, defaults: { ids: [1, 2] } }),
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
// @ts-expect-error the default is another type than the converter's
new Rule("/paged{/:page}", { where: { page: int }, defaults: { page: "1" } });
// @ts-expect-error without a converter the parameter is text, and so is its default
new Rule("/paged{/:page}", { defaults: { page: 1 } });
// @ts-expect-error the converter knows no such value
new Rule("/in{/:lang}", { where: { lang: oneOf("en", "de") }, defaults: { lang: "fr" } });
// @ts-expect-error a default of a wildcard is a list
new Rule("/all{/*ids}", { where: { ids: int }, defaults: { ids: 1 } });
// @ts-expect-error a default that no parameter is for has the handler's type
new App({ rules: [new Rule("/first", { handler: Paged, defaults: { page: "1" } })] });
// @ts-expect-error a redirect gets what the converter reads
new Rule("/moved/:id", { where: { id: int }, redirectTo: ({ id }) => id.toUpperCase() });
// @ts-expect-error and nothing else
new Rule("/moved/:id", { redirectTo: ({ other }) => other });
// @ts-expect-error a wildcard's converter reads each of its texts
new App({ rules: [new Rule("/numbers/*ids", { handler: Numbers })] });
// @ts-expect-error a converter has parse and format
new Rule("/:id", { where: { id: 5 } });

export const mounted = EndpointPrefix("blog/", Submount("/blog/", [new Rule("/:slug", { endpoint: "show", handler: Plain })]));
same<typeof mounted extends readonly [Rule<infer Path, infer Name>] ? [Path, Name] : never, ["/blog/:slug", "blog/show"]>();

type PathOf<Each> = Each extends Rule<infer Path, infer _N, infer _H, infer _A, infer _M, infer _W, infer _O, infer _D> ? Path : never;
type NameOf<Each> = Each extends Rule<infer _P, infer Name, infer _H, infer _A, infer _M, infer _W, infer _O, infer _D> ? Name : never;
type HostOf<Each> = Each extends Rule<infer _P, infer _N, infer _H, infer _A, infer _M, infer _W, infer Own, infer _D> ? Own : never;

export const nested = Host(
  "h.org",
  EndpointPrefix("a/", EndpointPrefix("b.", Submount("/x", Submount("/y/", [new Rule("/:z", { endpoint: "e" })])))),
);
same<[PathOf<(typeof nested)[0]>, NameOf<(typeof nested)[0]>, HostOf<(typeof nested)[0]>], ["/x/y/:z", "a/b.e", "h.org"]>();
export const nameless = EndpointPrefix("blog/", [new Rule("/")]);
same<[PathOf<(typeof nameless)[0]>, NameOf<(typeof nameless)[0]>], ["/", never]>();
export const hosts = Host("outer.org", [new Rule("/"), ...Host("inner.org", [new Rule("/inner")])]);
same<[HostOf<(typeof hosts)[0]>, HostOf<(typeof hosts)[1]>], ["outer.org", "inner.org"]>();
