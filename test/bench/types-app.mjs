// Writes the source of an application with many rules, for types.mjs: what real ones have, all kinds of it in turn.

const perFile = 20;

/** Kinds of rules. `args` is what its handler's method takes, `body` what that uses, `url` what `urlFor()` is given. */
const kinds = [
  { path: "", args: "", url: "" },
  { path: "/:id", args: "{ id }: { id: string }", body: "id", url: "id: 5" },
  { path: "/:year/:slug", args: "{ year, slug }: { year: string; slug: string }", body: "year + slug", url: 'year: 2024, slug: "a"' },
  { path: "/archive{/:page}", args: "{ page }: { page?: string }", body: 'page ?? "1"', url: "page: 2" },
  { path: "/files/*path", args: "{ path }: { path: readonly string[] }", body: "path.join()", url: 'path: ["a", "b"]' },
  { path: "/items/:id", where: "{ id: int }", args: "{ id }: { id: number }", body: "id.toFixed()", url: "id: 5" },
  {
    path: "/pages{/:page}",
    where: "{ page: int }",
    defaults: "{ page: 1 }",
    args: "{ page }: { page: number }",
    body: "page.toFixed()",
    url: "page: 3",
  },
  {
    path: "/:section/news",
    host: '":tenant.example.org"',
    args: "{ tenant, section }: { tenant: string; section: string }",
    body: "tenant + section",
    url: 'tenant: "acme", section: "a"',
  },
  { path: "/lazy/:id", lazy: true, args: "{ id }: { id: string }", body: "id", url: 'id: "x", q: "more"' },
  { path: "/orders/:order", methods: '["POST"]', verb: "post", args: "{ order }: { order: string }", body: "order", url: "order: 7" },
  { path: "/shown/:name", action: "show", args: "{ name }: { name: string }", body: "name", url: 'name: "n"' },
  {
    path: "/:lang/about",
    where: '{ lang: oneOf("en", "de") }',
    args: '{ lang }: { lang: "en" | "de" }',
    body: "lang",
    url: 'lang: "en"',
  },
  { path: "/users/:user/edit", args: "{ user }: { user: string }", body: "user", url: 'user: "u"', verb: "post" },
  {
    path: "/docs/:version{/:chapter{/*section}}",
    args: "{ version, chapter, section }: { version: string; chapter?: string; section?: readonly string[] }",
    body: "version + chapter + section",
    url: 'version: 2, chapter: "intro"',
  },
  {
    path: "/export/:name.:format",
    where: '{ format: oneOf("csv", "json") }',
    args: '{ format }: { format: "csv" | "json" }',
    body: "format",
    url: 'name: "n", format: "csv"',
  },
  {
    path: "/prices/:from-:to",
    where: "{ from: number, to: number }",
    args: "{ from, to }: { from: number; to: number }",
    body: "from + to",
    url: "from: 1, to: 2",
  },
  {
    path: "/lazy/:group/:id",
    lazy: true,
    where: "{ id: uuid }",
    args: "{ group, id }: { group: string; id: string }",
    body: "group + id",
    url: 'group: "g", id: "1"',
  },
  {
    path: "/an-address-as-long-as-they-come/with-several-words-in-it/:category/and-something-behind",
    args: "{ category }: { category: string }",
    body: "category",
    url: 'category: "c"',
  },
  { path: "/old/:id", redirect: true, url: 'id: "x"' },
  { path: "/settings", args: "", url: "", verb: "put" },
];

/** What stands around the rules of a file; the endpoints' prefix, and the arguments that it adds. */
const surroundings = [
  { open: (at) => `Submount("/${at}", [`, close: "])" },
  { open: (at) => `EndpointPrefix("${at}/", Submount("/${at}", [`, close: "]))", prefix: (at) => `${at}/` },
  { open: (at) => `Host("www.example.org", Submount("/${at}/", [`, close: "]))" },
  {
    open: (at) => `Host("admin.example.org", EndpointPrefix("${at}:", Submount("/${at}", [`,
    close: "])))",
    prefix: (at) => `${at}:`,
  },
  { open: (at) => `EndpointPrefix("${at}.", Submount("/${at}/:project", [`, close: "]))", prefix: (at) => `${at}.`, url: 'project: "p"' },
];

const options = (kind, endpoint, handler) =>
  [
    `endpoint: "${endpoint}"`,
    kind.redirect ? 'redirectTo: "/"' : `handler: ${handler}`,
    ...["where", "host", "defaults", "methods"].flatMap((name) => (kind[name] ? [`${name}: ${kind[name]}`] : [])),
    ...(kind.action ? [`action: "${kind.action}"`] : []),
  ].join(", ");

/** The class of one rule; its page links to another rule. */
function handlerClass({ name, kind, target }) {
  const method = kind.action ?? kind.verb ?? "get";
  const link = target.url === "" ? `urlFor("${target.endpoint}")` : `urlFor("${target.endpoint}", { ${target.url} })`;
  const answer = method === "post" ? `redirect(${link})` : `html\`<a href="\${${link}}">\${${kind.body ?? '""'}}</a>\``;
  const used = method === "post" && kind.body ? `    if (String(${kind.body}) === "") throw new Error();\n` : "";
  return `export class ${name} extends RequestHandler {\n  async ${method}(${kind.args}) {\n${used}    return ${answer};\n  }\n}\n`;
}

/** An application of one rule. */
export const emptyApp = {
  "handlers.ts": `import { html, RequestHandler } from "@mini/core";\nexport class Home extends RequestHandler {\n  get() {\n    return html\`\`;\n  }\n}\n`,
  "urls.ts": `import { Rule } from "@mini/core";\nimport { Home } from "./handlers.ts";\nexport const rules = [new Rule("/", { endpoint: "home", handler: Home })] as const;\n`,
  "main.ts": main(),
};

function main() {
  return [
    'import { App, urlFor } from "@mini/core";',
    'import { rules } from "./urls.ts";',
    'declare module "@mini/core" {\n  interface Register {\n    rules: typeof rules;\n  }\n}',
    "export const app = new App({ rules });",
    'export const home = (): string => urlFor("home");\n',
  ].join("\n");
}

/**
 * The files of an application by name: urls and handlers for each 20 rules, then all rules as one list.
 *
 * @param count - Of rules, and of calls of `urlFor()`.
 * @param oneList - Whether all rules are written into one list, without factories.
 */
export function manyRules(count, oneList = false) {
  const all = Array.from({ length: count }, (_, i) => {
    const at = Math.floor(i / perFile);
    const kind = kinds[i % kinds.length];
    const around = oneList ? {} : surroundings[at % surroundings.length];
    const endpoint = `${around.prefix?.(`m${at}`) ?? ""}e${i}`;
    const url = [around.url, kind.url].filter(Boolean).join(", ");
    return { i, at, kind, name: `H${i}`, local: `e${i}`, endpoint, url };
  });
  // 7 and 500 have no common factor: every rule is linked to, nearly all from another file.
  for (const rule of all) rule.target = all[(rule.i * 7 + 3) % count];

  const files = { "main.ts": main() };
  const places = Array.from({ length: Math.ceil(count / perFile) }, (_, at) => at);
  for (const at of places) {
    const classes = all.filter((rule) => rule.at === at && !rule.kind.redirect).map(handlerClass);
    const calls = all
      .filter((rule) => rule.at === at && rule.kind.redirect)
      .map(
        ({ i, target }) =>
          `export const link${i} = (): string => urlFor("${target.endpoint}"${target.url ? `, { ${target.url} }` : ""});\n`,
      );
    files[`handlers-${at}.ts`] =
      `import { html, redirect, RequestHandler, urlFor } from "@mini/core";\n\n${[...classes, ...calls].join("\n")}`;
  }

  const written = ({ at, kind, name, local }) => {
    const handler = kind.lazy ? `() => import("./handlers-${at}.ts").then((m) => m.${name})` : `h${at}.${name}`;
    const path = oneList ? `/m${at}${kind.path}` : kind.path || "/";
    return `  new Rule("${path}", { ${options(kind, local, handler)} }),\n`;
  };
  const imports = 'import { EndpointPrefix, Host, int, number, oneOf, Rule, Submount, uuid } from "@mini/core";\n';
  const home = `  new Rule("/", { endpoint: "home", handler: h0.H0 }),\n`;
  if (oneList) {
    const handlers = places.map((at) => `import * as h${at} from "./handlers-${at}.ts";\n`).join("");
    files["urls.ts"] = `${imports}${handlers}export const rules = [\n${home}${all.map(written).join("")}] as const;\n`;
    return files;
  }
  for (const at of places) {
    const { open, close } = surroundings[at % surroundings.length];
    const rules = all.filter((rule) => rule.at === at).map(written);
    files[`urls-${at}.ts`] =
      `${imports}import * as h${at} from "./handlers-${at}.ts";\n\nexport const rules${at} = ${open(`m${at}`)}\n${rules.join("")}${close};\n`;
  }
  const lists = places.map((at) => `import { rules${at} } from "./urls-${at}.ts";\n`).join("");
  const spread = places.map((at) => `  ...rules${at},\n`).join("");
  files["urls.ts"] =
    `import { Rule } from "@mini/core";\nimport * as h0 from "./handlers-0.ts";\n${lists}\nexport const rules = [\n${home}${spread}] as const;\n`;
  return files;
}

/** The files with one argument of a handler and one of `urlFor()` made wrong. */
export function withFaults(files) {
  const change = (text, from, to) => {
    if (!text.includes(from)) throw new Error(`The generated application has no ${from}.`);
    return text.replace(from, to);
  };
  return {
    ...files,
    "handlers-0.ts": change(files["handlers-0.ts"], "get({ id }: { id: string })", "get({ id }: { id: Date })"),
    "main.ts": change(files["main.ts"], 'urlFor("home")', 'urlFor("e2", { year: 2024, slug: new Date() })'),
  };
}
