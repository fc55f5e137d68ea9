/** A parameter as another router writes it. Its groups are `name`, and `type` or `expression` for what it may be. */
interface Foreign {
  readonly parameter: RegExp;
  readonly sign: ":" | "*";
  /** Whether the parameter may be left out. Then the expression has the slash before it. */
  readonly isOptional?: boolean;
}

const foreign: readonly Foreign[] = [
  // Werkzeug, Flask, Django: <name>, <int:name>, <any(a, b):name>; webapp2: <name:\d+>
  { parameter: /<(?:(?<type>\w+)(?:\([^<>]*\))?:)?(?<name>\w+)>/g, sign: ":" },
  { parameter: /<(?<name>\w+):(?<expression>[^<>]+)>/g, sign: ":" },
  // Hono: :name{[0-9]+}
  { parameter: /:(?<name>\w+)\{(?<expression>[[\\][^{}]*)\}/g, sign: ":" },
  // SvelteKit, Next.js, Astro: [[...name]], [[name]], [...name], [name]
  { parameter: /\/\[\[\.{3}(?<name>[\w-]+)\]\]/g, sign: "*", isOptional: true },
  { parameter: /\/\[\[(?<name>[\w-]+)\]\]/g, sign: ":", isOptional: true },
  { parameter: /\[\.{3}(?<name>[\w-]+)\]/g, sign: "*" },
  { parameter: /\[(?<name>[\w-]+)\]/g, sign: ":" },
  // OpenAPI, FastAPI, ASP.NET: {name}, {name:int}, {name?}
  { parameter: /\/\{(?<name>[\w-]+)\?\}/g, sign: ":", isOptional: true },
  { parameter: /(?<=\/)\{(?<name>[\w-]+)(?::(?<type>\w+))?\}(?=[/.]|$)/g, sign: ":" },
  // Express 4, Fastify: :name(\d+), :name?, :name*, :name+, *
  { parameter: /:(?<name>\w+)\((?<expression>[^()]+)\)/g, sign: ":" },
  { parameter: /\/:(?<name>\w+)\?/g, sign: ":", isOptional: true },
  { parameter: /\/:(?<name>\w+)\*/g, sign: "*", isOptional: true },
  { parameter: /:(?<name>\w+)\+/g, sign: "*" },
  { parameter: /(?<=\/)(?<name>)\*(?=\/|$)/g, sign: "*" },
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
  for (const { parameter, sign, isOptional = false } of foreign) {
    written = written.replace(parameter, (...given) => {
      const { name = "", type = "", expression } = given.at(-1) as Readonly<Record<string, string | undefined>>;
      const called = name === "" ? "path" : /^[a-z_]\w*$/i.test(name) ? name : `"${name}"`;
      const converter = expression === undefined ? converters.get(type) : `matching(/${expression}/)`;
      if (converter !== undefined) where.push(`${called}: ${converter}`);
      const own = (type === "path" ? "*" : sign) + called;
      return isOptional ? `{/${own}}` : own;
    });
  }
  if (written === bare) return undefined;
  const restored = (text: string) => text.replace(/\0(\d+)\0/g, (_all, at: string) => meant[Number(at)]!);
  const converted = where.length === 0 ? "" : ` with where: { ${where.join(", ")} }`;
  return restored(`${JSON.stringify(written)}${converted}`);
}
