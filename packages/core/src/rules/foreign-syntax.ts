/**
 * Parameters as other routers write them. Their groups are `name`, `type` or `expression` for what a parameter may be, and `rest` for one
 * that takes several segments. The expression of a parameter that may be left out has the slash before it.
 */
const foreign: readonly RegExp[] = [
  // Werkzeug, Flask, Django: <name>, <int:name>, <any(a, b):name>; webapp2: <name:\d+>
  /<(?:(?<type>\w+)(?:\([^<>]*\))?:)?(?<name>\w+)>/g,
  /<(?<name>\w+):(?<expression>[^<>]+)>/g,
  // Hono: :name{[0-9]+}
  /:(?<name>\w+)\{(?<expression>[[\\][^{}]*)\}/g,
  // SvelteKit, Next.js, Astro: [[...name]], [[name]], [...name], [name]
  /\/\[\[(?<rest>\.{3})?(?<name>[\w-]+)\]\]/g,
  /\[(?<rest>\.{3})?(?<name>[\w-]+)\]/g,
  // OpenAPI, FastAPI, ASP.NET: {name}, {name:int}, {name?}
  /\/\{(?<name>[\w-]+)\?\}/g,
  /(?<=\/)\{(?<name>[\w-]+)(?::(?<type>\w+))?\}(?=[/.]|$)/g,
  // Express 4, Fastify: :name(\d+), :name?, :name*, :name+, *
  /:(?<name>\w+)\((?<expression>[^()]+)\)/g,
  /\/:(?<name>\w+)(?:\?|(?<rest>\*))/g,
  /:(?<name>\w+)(?<rest>\+)/g,
  /(?<=\/)(?<name>)(?<rest>\*)(?=\/|$)/g,
];

/** The converters for the types of other routers. */
const converters: ReadonlyMap<string, string> = new Map([
  ["int", "int"],
  ["float", "number"],
  ["uuid", "uuid"],
]);

/**
 * How a path must be written here, with the converters it needs, if it has a parameter in the syntax of another router. Such a path
 * would be refused, or match something other than what was meant.
 *
 * @returns The end of a sentence, such as `"/users/:id" with where: { id: int }`; `undefined` for any other path.
 */
export function nativeSpelling(path: string): string | undefined {
  // Escaped characters and names in quotes are meant as they are.
  const meant: string[] = [];
  const bare = path.replace(/\\.|(?<=[:*])"[^"]*"/gs, (text) => `\0${meant.push(text) - 1}\0`);
  const where: string[] = [];
  let written = bare;
  for (const parameter of foreign) {
    written = written.replace(parameter, (...given) => {
      const { name = "", type = "", expression, rest } = given.at(-1) as Readonly<Record<string, string | undefined>>;
      const called = name === "" ? "path" : /^[a-z_]\w*$/i.test(name) ? name : `"${name}"`;
      const converter = expression === undefined ? converters.get(type) : `matching(/${expression}/)`;
      if (converter !== undefined) where.push(`${called}: ${converter}`);
      const own = (type === "path" || rest !== undefined ? "*" : ":") + called;
      return String(given[0]).startsWith("/") ? `{/${own}}` : own;
    });
  }
  if (written === bare) return undefined;
  const restored = (text: string) => text.replace(/\0(\d+)\0/g, (_all, at: string) => meant[Number(at)]!);
  const converted = where.length === 0 ? "" : ` with where: { ${where.join(", ")} }`;
  return restored(`${JSON.stringify(written)}${converted}`);
}
